// pytorch_file.h: named tensors in the files of Python's torch.save, and of
// LibTorch's torch::pickle_save.
//
// Nothing in a file is executed: of Python, only the functions that hold dense
// tensors are known. Other objects may stand beside a state dict, say an
// argparse.Namespace; in it they are refused by name, as quantized and sparse
// tensors are.
#pragma once

#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// The state dict in a file of torch.save, in its order, on the CPU, under the
/// names that it has there. Files from before PyTorch 1.6, which are no zip
/// files, are read, too. Values in it that neither are nor hold tensors are
/// passed over.
///
/// It is the dictionary at `key`, such as "model_ema" or "ema.state_dict";
/// without one, that of "state_dict", "model_state_dict", "model", "net" and
/// "module" which holds tensors, else the one at the top. A module that was
/// saved whole takes the place of its state dict. If other entries hold
/// weights, as averages, `Weights::notes` names them.
///
/// The tensors are views of the file in memory, checked once against their
/// checksums; strides and shared storage stay as they are. They may be written
/// to, which leaves the file as it is. Meanwhile the file may be removed or
/// replaced, but not changed in place. A storage that is not aligned, as
/// PyTorch writes none, is a copy. No tensor records gradients.
///
/// Throws `std::runtime_error` when there is no such state dict, or several,
/// when an entry holds tensors in a tuple, a list or a dictionary, when what is
/// needed of the file is damaged or unknown, and for a tensor of more than 64
/// MiB whose strides repeat a smaller storage.
///
///     const Weights weights = read_pytorch("checkpoint.pth", "model_ema");
[[nodiscard]] Weights read_pytorch(const std::string& path,
                                   const std::string& key = "");

/// Makes or replaces the file `path`, which is there whole or not at all, with
/// a state dict that torch.load reads, with weights_only=True, too.
///
/// Any device and strides will do: what is written is packed, row by row, for
/// the CPU. Tensors that share storage are written once each. The format has
/// no place for metadata: they are left out.
///
/// Throws `c10::Error`, before the file is touched, when a tensor is undefined,
/// has no elements in memory (sparse, quantized, nested, meta), has a dtype
/// whose elements are no whole bytes, or has the name of another, or one that
/// is not UTF-8; `std::runtime_error`, as AtomicFile, when the file cannot be
/// written.
///
///     write_pytorch({{{"weight", weight}}, {}}, "net.pth");
void write_pytorch(const Weights& weights, const std::string& path);

}  // namespace expandnet
