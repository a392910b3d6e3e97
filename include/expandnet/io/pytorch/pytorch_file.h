// pytorch_file.h: reads files of Python's torch.save and of LibTorch's
// torch::pickle_save, and writes files for torch.load.
//
// Nothing in a file is executed: the reader knows only those Python functions
// that make dense tensors. Other objects, for example an argparse.Namespace,
// may be next to a state dict. Inside of it they are refused by name, as
// quantized and sparse tensors are.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/io/weights.h>

#include <string>

namespace expandnet {

/// Returns the state dict in a file of torch.save, in its order, on the CPU,
/// with the names in the file. Also reads files from before PyTorch 1.6, which
/// are not zip files. Values of the state dict that neither are nor contain
/// tensors are skipped.
///
/// `key` selects the dictionary, such as "model_ema" or "ema.state_dict".
/// Without a key, it is the one at "state_dict", "model_state_dict", "model",
/// "net" or "module" that contains tensors, else the top-level one. For a whole
/// module that was saved, its state dict is read. If other entries also hold
/// weights, for example averages, `Weights::notes` names them.
///
/// The tensors are views of the mapped file, whose checksums are verified once;
/// strides and shared storage are preserved. Writing to the tensors does not
/// change the file. While they exist, the file may be removed or replaced, but
/// not changed in place. A storage that is not aligned is copied; PyTorch
/// writes none. No tensor requires gradients.
///
/// Throws `std::runtime_error` if there is no such state dict, or several; if
/// an entry contains tensors in a tuple, a list or a dictionary; if a required
/// part of the file is damaged or unknown; and for a tensor of more than 64 MiB
/// whose strides repeat a smaller storage.
///
///     const Weights weights = read_pytorch("checkpoint.pth", "model_ema");
[[nodiscard]] EXPANDNET_API Weights read_pytorch(const std::string& path,
                                                 const std::string& key = "");

/// Creates or replaces the file `path`, atomically, with a state dict that
/// torch.load reads, also with weights_only=True.
///
/// Tensors may have any device and strides; they are written contiguously, for
/// the CPU. Tensors that share storage are written separately. The format has
/// no metadata, so `Weights::metadata` is not written.
///
/// Throws `c10::Error`, before the file changes, if a tensor is undefined, has
/// no elements in memory (sparse, quantized, nested, meta), has a dtype whose
/// elements are not whole bytes, or has a name that occurs twice or is not
/// UTF-8. Throws `std::runtime_error`, as AtomicFile does, if the file cannot
/// be written.
///
///     write_pytorch({{{"weight", weight}}, {}}, "net.pth");
EXPANDNET_API void write_pytorch(const Weights& weights,
                                 const std::string& path);

}  // namespace expandnet
