// synchronize_batch_norm.h: every BatchNorm of a model takes its statistics
// from the batches of all processes.
#pragma once

#include <expandnet/base/export.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <torch/nn/module.h>

#include <cstddef>

namespace expandnet {

/// Synchronizes, in place, every BatchNorm1d-3d of the model, and returns how
/// many there are. With a null `gather` each is on its own batch again.
///
/// It works on SyncBatchNorm1d-3d wherever they are, as in all networks of this
/// library, and on LibTorch's BatchNorm1d-3d that are children of a Sequential.
/// There a SyncBatchNorm takes the place, with the same name, parameters,
/// buffers and mode: state keys, optimizers and weights files stay valid.
/// Elsewhere LibTorch binds a member's `forward` at compile time, so that no
/// pass can replace it.
///
/// Throws `c10::Error`, with the model as it was, for any other module that
/// keeps running statistics of the batch: a member that is LibTorch's
/// BatchNorm, one of TorchScript (`import_torchscript`), a class of the
/// caller's own.
///
///     synchronize_batch_norm(*model, [&](const at::Tensor& row) {
///       return ranks->gather(row);
///     });
EXPANDNET_API std::size_t synchronize_batch_norm(torch::nn::Module& model,
                                                 const GatherRows& gather);

}  // namespace expandnet
