// synchronize_batch_norm.h: makes every BatchNorm of a model use the statistics
// of the batches of all processes.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/nn/module.h>

#include <cstddef>

namespace expandnet {

/// Synchronizes, in place, every BatchNorm1d-3d of the model, and returns their
/// number. With a null `gather` each uses only its own batch again.
///
/// It works on SyncBatchNorm1d-3d anywhere, as in all networks of this library,
/// and on LibTorch's BatchNorm1d-3d that are children of a Sequential. The
/// latter are replaced by a SyncBatchNorm with the same name, parameters,
/// buffers and mode: state keys, optimizers and weights files stay valid. A
/// pass cannot replace a BatchNorm that is a member of a module, because
/// LibTorch binds a member's `forward` at compile time.
///
/// Throws `c10::Error`, without changing the model, for any other module that
/// keeps running statistics of the batch: LibTorch's BatchNorm as a member, a
/// BatchNorm of TorchScript (`import_torchscript`), or a class of your own.
///
///     synchronize_batch_norm(*model, [&](const at::Tensor& row) {
///       return ranks->gather(row);
///     });
EXPANDNET_API std::size_t synchronize_batch_norm(torch::nn::Module& model,
                                                 const GatherRows& gather);

}  // namespace expandnet
