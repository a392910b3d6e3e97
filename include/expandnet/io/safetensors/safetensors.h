// safetensors.h: reads and writes safetensors, the format of Hugging Face's
// tools.
//
// Supports all dtypes that both the format and LibTorch have: BOOL, U8, I8,
// I16, U16, I32, U32, I64, U64, F16, BF16, F32, F64, C64, F8_E4M3, F8_E5M2,
// F8_E4M3FNUZ, F8_E5M2FNUZ and F8_E8M0. The dtypes whose elements share bytes
// (F4, F6_E2M3, F6_E3M2) are refused by name.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// Returns the tensors of the file `path`, on the CPU, in the order of their
/// bytes, and its metadata.
///
/// The tensors are views of the mapped file: data are read when they are used,
/// and the last tensor closes the file. Writing to the tensors does not change
/// the file. While they exist, the file may be removed or replaced, but not
/// changed in place. A tensor whose elements are not aligned in the file, as
/// old writers leave them, is copied.
///
/// Throws `std::runtime_error` unless the file conforms to the format: each
/// byte of data belongs to one tensor, names are unique, and the header has at
/// most 100,000,000 bytes. Elements are not checked, except that those of BOOL
/// must be 0 or 1. A shape of more than 64 sizes, or of 2^63 bytes or more, is
/// also refused.
///
///     const Weights weights = read_safetensors("net.safetensors");
[[nodiscard]] EXPANDNET_API Weights read_safetensors(const std::string& path);

/// Creates or replaces the file `path`, atomically.
///
/// Equal tensors give equal files, which are also equal to those of the
/// official tools: tensors are sorted by dtype, the largest elements first,
/// then by name. All tensors are aligned to their elements. Tensors may have
/// any device and strides; they are written contiguously. Tensors that share
/// storage are written separately.
///
/// Throws `c10::Error`, before the file changes, if a tensor is undefined, has
/// no elements in memory (sparse, quantized, nested, meta), has a dtype that
/// the format does not have, has more than 64 dimensions, or has a name that
/// occurs twice or is "__metadata__"; and if names or metadata are not UTF-8.
/// Throws `std::runtime_error`, as AtomicFile does, if the file cannot be
/// written.
///
///     write_safetensors({{{"weight", weight}}, {{"epoch", "3"}}}, path);
EXPANDNET_API void write_safetensors(const Weights& weights,
                                     const std::string& path);

}  // namespace expandnet
