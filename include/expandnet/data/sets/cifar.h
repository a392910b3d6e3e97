// cifar.h: reads the binary files of CIFAR-10 and CIFAR-100.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/data/sets/cifar_records.h>

#include <string>

namespace expandnet::data {

/// Reads a binary CIFAR file, which may be gzipped and holds only records.
///
/// Throws `std::runtime_error` if the file cannot be opened or completely
/// decompressed; if it holds no record, an incomplete one or more than
/// `kCifarMaxRecords`; and if a label is out of range.
///
///     const auto records = read_cifar("data_batch_1.bin", Cifar::k10);
[[nodiscard]] EXPANDNET_API CifarRecords read_cifar(const std::string& path,
                                                    Cifar kind);

}  // namespace expandnet::data
