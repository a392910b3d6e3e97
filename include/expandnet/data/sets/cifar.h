// cifar.h: reads the binary files of CIFAR-10 and CIFAR-100.
#pragma once

#include <expandnet/data/sets/cifar_records.h>

#include <string>

namespace expandnet::data {

/// Reads a binary file of CIFAR, gzipped or not: records and nothing else.
///
/// Throws `std::runtime_error` when the file cannot be opened or decompressed
/// to its end, holds no record, an incomplete one or more than
/// `kCifarMaxRecords`, or when a label is out of range.
///
///     const auto records = read_cifar("data_batch_1.bin", Cifar::k10);
[[nodiscard]] CifarRecords read_cifar(const std::string& path, Cifar kind);

}  // namespace expandnet::data
