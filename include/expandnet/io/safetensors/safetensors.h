// safetensors.h: named tensors in the format that Hugging Face's tools share.
//
// The format has these dtypes that LibTorch has: BOOL, U8, I8, I16, U16, I32,
// U32, I64, U64, F16, BF16, F32, F64, C64, F8_E4M3, F8_E5M2, F8_E4M3FNUZ,
// F8_E5M2FNUZ and F8_E8M0. Those whose elements share bytes (F4, F6_E2M3,
// F6_E3M2) are refused by name.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// The tensors of the file `path`, on the CPU, in the order of their bytes, and
/// its metadata.
///
/// The tensors are views of the file in memory: reading takes no time before
/// they are touched, and the last one of them lets go of the file. They may be
/// written to, which leaves the file as it is. Meanwhile the file may be
/// removed or replaced, but not changed in place. One whose elements are not
/// aligned in the file, as old writers leave them, is a copy.
///
/// Throws `std::runtime_error` unless the file keeps to the format: each byte
/// of data belongs to one tensor, names differ, the header has at most
/// 100,000,000 bytes. Elements are not looked at, save that those of BOOL must
/// be 0 or 1. A shape of more than 64 sizes, or of 2^63 bytes or more, is
/// refused, too.
///
///     const Weights weights = read_safetensors("net.safetensors");
[[nodiscard]] Weights read_safetensors(const std::string& path);

/// Makes or replaces the file `path`, which is there whole or not at all.
///
/// Equal tensors make equal files, and the same that the official tools write:
/// the order is theirs, by dtype, the largest elements first, then by name. All
/// are aligned to their elements. Any device and strides will do; what is
/// written is packed, row by row. Tensors that share storage are written once
/// each.
///
/// Throws `c10::Error`, before the file is touched, when a tensor is undefined,
/// has no elements in memory (sparse, quantized, nested, meta), has a dtype
/// that the format has not, more than 64 dimensions, or the name of another, or
/// "__metadata__"; and when names or metadata are not UTF-8. Throws
/// `std::runtime_error`, as AtomicFile, when the file cannot be written.
///
///     write_safetensors({{{"weight", weight}}, {{"epoch", "3"}}}, path);
void write_safetensors(const Weights& weights, const std::string& path);

}  // namespace expandnet
