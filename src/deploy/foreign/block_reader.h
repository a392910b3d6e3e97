// block_reader.h: the layers of one foreign block, read from a file's tensors.
#pragma once

#include <expandnet/fold/site.h>

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "deploy/foreign/branches.h"
#include "deploy/foreign/keys.h"

namespace expandnet {

/// Reads the layers of the block at a path and remembers what it has read, so
/// that a key that is not the system's does not pass unseen. All names are
/// relative to the block, all tensors are given in fp64.
///
/// Its members throw `c10::Error` for a tensor that is missing, has another
/// number of dimensions, is not of floating point or not finite, and for a
/// variance that no BatchNorm has.
class BlockReader {
 public:
  /// `owner` is the block in messages: "a block of repvgg". The keys must
  /// outlive this.
  BlockReader(const Keys& keys, std::string path, std::string owner,
              double epsilon, Site site);

  [[nodiscard]] bool has(const std::string& name) const;
  /// The tensor, with this number of dimensions.
  at::Tensor tensor(const std::string& name, std::int64_t dims);
  /// The size of a tensor's dimension, without taking it as read.
  [[nodiscard]] std::int64_t size(const std::string& name,
                                  std::int64_t dim) const;

  /// `name`.weight [out, in / groups, h, w], and `name`.bias where there is
  /// one.
  BlockFactor conv(const std::string& name, std::int64_t groups);
  /// `name`.running_mean and so on, of BatchNorm in evaluation mode.
  BlockFactor norm(const std::string& name);
  /// A convolution and the BatchNorm behind it.
  BlockBranch conv_norm(const std::string& conv, const std::string& norm,
                        std::int64_t groups);
  /// The layers `name`.conv and `name`.bn, as most systems call them.
  BlockBranch conv_bn(const std::string& name, std::int64_t groups);

  /// Throws for a tensor within the block that was not read and is in none of
  /// the modules `companions`, which stand beside the convolution: "se".
  void finish(const std::vector<std::string>& companions) const;

  /// Full names of the tensors that were read.
  [[nodiscard]] const std::set<std::string>& used() const { return used_; }
  /// The dtypes of the convolutions that were read, in order, each once.
  [[nodiscard]] const std::vector<at::ScalarType>& dtypes() const {
    return dtypes_;
  }
  [[nodiscard]] const Site& site() const { return site_; }

 private:
  const at::Tensor& found(const std::string& name) const;

  const Keys& keys_;
  std::string path_, owner_;
  double epsilon_;
  Site site_;
  std::set<std::string> used_;
  std::vector<at::ScalarType> dtypes_;
};

}  // namespace expandnet
