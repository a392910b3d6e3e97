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

/// What is read, for messages, and the eps of its BatchNorms.
struct ReadSubject {
  std::string name;     ///< "a block of repvgg"
  std::string way_out;  ///< what leaves it as it is: "--system none"
  double epsilon = 0;
};

/// Whether a convolution has a bias. One in front of a BatchNorm usually has
/// none; a bias that is not read is refused by `BlockReader::finish`.
enum class ConvBias { kNone, kPresent, kOptional };

/// Reads the layers of the block at a path and remembers what it has read, so
/// that a key that is not the system's does not pass unseen. All names are
/// relative to the block, all tensors are given in fp64.
///
/// Its members throw `c10::Error` for a tensor that is missing, has another
/// number of dimensions, is not of floating point or not finite, and for a
/// variance that no BatchNorm has.
class BlockReader {
 public:
  /// The keys must outlive this.
  BlockReader(const Keys& keys, std::string path, ReadSubject subject,
              Site site);

  [[nodiscard]] bool has(const std::string& name) const;
  /// The tensor, with this number of dimensions.
  at::Tensor tensor(const std::string& name, std::int64_t dims);
  /// The size of a tensor's dimension, without taking it as read.
  [[nodiscard]] std::int64_t size(const std::string& name,
                                  std::int64_t dim) const;

  /// `name`.weight [out, in / groups, h, w] and `name`.bias.
  BlockFactor conv(const std::string& name, std::int64_t groups,
                   ConvBias has_bias = ConvBias::kNone);
  /// `name`.weight, .bias, .running_mean and .running_var, of BatchNorm in
  /// evaluation mode.
  BlockFactor norm(const std::string& name);
  /// One without weight and bias (PyTorch's affine=False).
  BlockFactor plain_norm(const std::string& name);
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
  BlockFactor norm_of(const std::string& name, bool is_affine);

  const Keys& keys_;
  std::string path_;
  ReadSubject subject_;
  Site site_;
  std::set<std::string> used_;
  std::vector<at::ScalarType> dtypes_;
};

}  // namespace expandnet
