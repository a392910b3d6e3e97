// The blocks of OREPA (Hu et al. 2022): kernels that are added up, each with a
// factor for every output channel, before one BatchNorm. A block of its
// ResNets, one for 1x1 layers, and one that is the 3x3 branch of RepVGG's
// block, which YOLOv7 has, too, with another eps.
#include <c10/util/Exception.h>

#include <utility>

#include "base/weight_paths.h"
#include "deploy/foreign/kinds.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

bool has_orepa_weight(const Keys& keys, const std::string& module,
                      const std::string& prefix) {
  if (!keys.has_path(module)) return false;
  for (const auto& name : keys.children(module)) {
    if (name.compare(0, prefix.size(), prefix) == 0) return true;
  }
  return false;
}

/// Reads the kernels of one OREPA layer, whose tensors have a prefix.
class OrepaReader {
 public:
  /// "" and "weight_orepa_", or "rbr_dense" and "weight_rbr_".
  OrepaReader(BlockReader& reader, const std::string& path,
              const std::string& prefix);

  /// Their sum, behind it the BatchNorm.
  BlockSum read();

 private:
  [[nodiscard]] std::string named(const std::string& name) const {
    return under(path_, prefix_ + name);
  }
  at::Tensor weight(const std::string& name) {
    return reader_.tensor(named(name), 4);
  }
  BlockFactor conv(const std::string& name) {
    return kernel_factor(weight(name), {}, groups_);
  }
  /// A buffer of one kernel for each channel, or one for all.
  BlockFactor filters(const std::string& name, std::int64_t dims);
  BlockBranch two_convolutions();
  BlockBranch separable();
  void check_rows(bool right) const;
  /// Adds a branch with the next row of factors.
  void add(BlockBranch branch);

  BlockReader& reader_;
  std::string path_, prefix_, first_;
  bool is_in_repvgg_;  ///< its 1x1 branch is one of RepVGG's
  std::int64_t groups_ = 1;
  at::Tensor vector_;  ///< [branches, out]
  BlockSum sum_;
};

OrepaReader::OrepaReader(BlockReader& reader, const std::string& path,
                         const std::string& prefix)
    : reader_(reader),
      path_(path),
      prefix_(prefix),
      first_(reader.has(named("1x1_kxk_idconv1")) ? "1x1_kxk_idconv1"
                                                  : "1x1_kxk_conv1"),
      is_in_repvgg_(!path.empty()) {
  groups_ = groups_of_pair(reader, named(first_), named("1x1_kxk_conv2"));
}

BlockFactor OrepaReader::filters(const std::string& name, std::int64_t dims) {
  const auto kernel = reader_.tensor(named(name), dims);
  const auto channels = vector_.size(1);
  const auto each =
      kernel.reshape({-1, 1, kernel.size(dims - 2), kernel.size(dims - 1)});
  return fixed_factor(each.expand({channels, -1, -1, -1}).contiguous(),
                      channels);
}

BlockBranch OrepaReader::two_convolutions() {
  auto first = weight(first_);
  if (first_ == "1x1_kxk_idconv1") {
    const auto one = reader_.tensor(under(path_, "id_tensor"), 4);
    TORCH_CHECK(
        one.sizes() == first.sizes(),
        error_message(reader_.site(), "the layers of a block must fit",
                      sizes(one.sizes()) + " beside " + sizes(first.sizes()),
                      "the file may be damaged"));
    first = first + one;
  }
  return {kernel_factor(first, {}, groups_), conv("1x1_kxk_conv2")};
}

BlockBranch OrepaReader::separable() {
  const auto depthwise = weight("gconv_dw");
  auto pointwise = weight("gconv_pw");
  const auto inputs = reader_.size(named("origin"), 1) * groups_;
  TORCH_CHECK(
      depthwise.size(0) % inputs == 0 && pointwise.size(0) % groups_ == 0,
      error_message(reader_.site(), "the layers of a block must fit",
                    sizes(depthwise.sizes()) + " for " +
                        std::to_string(inputs) + " channels",
                    "the file may be damaged"));
  // OREPA's code takes the rows of this one as [out / groups, groups].
  pointwise =
      pointwise.unflatten(0, {-1, groups_}).transpose(0, 1).flatten(0, 1);
  return {kernel_factor(depthwise, {}, inputs),
          kernel_factor(pointwise.contiguous(), {}, groups_)};
}

void OrepaReader::check_rows(bool right) const {
  TORCH_CHECK(right, error_message(reader_.site(),
                                   in_quotes(under(path_, "vector")) +
                                       " must have a row for each branch",
                                   sizes(vector_.sizes()),
                                   "fold it with the code of its own system"));
}

void OrepaReader::add(BlockBranch branch) {
  const auto row = static_cast<std::int64_t>(sum_.size());
  check_rows(row < vector_.size(0));
  branch.push_back(scale_factor(vector_.select(0, row)));
  sum_.push_back(std::move(branch));
}

BlockSum OrepaReader::read() {
  vector_ = reader_.tensor(under(path_, "vector"), 2);
  add({conv("origin")});
  add({conv("avg_conv"), filters("avg_avg", 2)});
  add({conv("pfir_conv"), filters("prior", 3)});
  add(two_convolutions());
  if (!is_in_repvgg_) add({conv("1x1")});
  add(separable());
  // In RepVGG's block the last row may be of the identity, which has none.
  const auto rows = vector_.size(0);
  const auto branches = static_cast<std::int64_t>(sum_.size());
  check_rows(rows == branches || (is_in_repvgg_ && rows == branches + 1));
  return followed_by(std::move(sum_), reader_.norm(under(path_, "bn")));
}

bool is_orepa_at(const Keys& keys, const std::string& module) {
  return has_orepa_weight(keys, module, "weight_orepa_");
}

ReadBlock read_orepa(BlockReader& reader) {
  ReadBlock block;
  block.sum = OrepaReader(reader, "", "weight_orepa_").read();
  block.place = "orepa_reparam";
  block.parts = {"origin", "avg", "pfir", "1x1_kxk", "1x1", "gconv"};
  return block;
}

bool is_orepa_1x1_at(const Keys& keys, const std::string& module) {
  return has_orepa_weight(keys, module, "weight_or1x1_");
}

ReadBlock read_orepa_1x1(BlockReader& reader) {
  const auto vector = reader.tensor("vector", 2);
  TORCH_CHECK(
      vector.size(0) == 2,
      error_message(reader.site(), "\"vector\" must have a row for each branch",
                    sizes(vector.sizes()),
                    "fold it with the code of its own system"));
  const auto conv = [&](const std::string& name) {
    return kernel_factor(reader.tensor("weight_or1x1_" + name, 4), {}, 1);
  };
  const auto row = [&](std::int64_t i) {
    return scale_factor(vector.select(0, i));
  };
  ReadBlock block;
  block.place = "or1x1_reparam";
  block.parts = {"origin", "l2i"};
  block.sum = followed_by({{conv("origin"), row(0)},
                           {conv("l2i_conv1"), conv("l2i_conv2"), row(1)}},
                          reader.norm("bn"));
  return block;
}

bool is_orepa_repvgg_at(const Keys& keys, const std::string& module) {
  return has_orepa_weight(keys, under(module, "rbr_dense"), "weight_rbr_");
}

ReadBlock read_orepa_repvgg(BlockReader& reader) {
  const auto groups =
      groups_by_identity(reader, "rbr_dense.weight_rbr_origin", "rbr_identity");
  ReadBlock block;
  block.place = "rbr_reparam";
  block.parts = {"rbr_dense", "rbr_1x1"};
  block.sum = OrepaReader(reader, "rbr_dense", "weight_rbr_").read();
  block.sum.push_back(reader.conv_bn("rbr_1x1", groups));
  if (reader.has("rbr_identity")) {
    block.parts.emplace_back("rbr_identity");
    block.sum.push_back({reader.norm("rbr_identity")});
  }
  return block;
}

}  // namespace

std::vector<BlockKind> kinds_of_orepa() {
  return {{"orepa", KindOfKeys::kOwn, is_orepa_repvgg_at, read_orepa_repvgg},
          {"yolov7", KindOfKeys::kOwn, is_orepa_repvgg_at, read_orepa_repvgg},
          {"orepa", KindOfKeys::kOwn, is_orepa_at, read_orepa},
          {"orepa", KindOfKeys::kOwn, is_orepa_1x1_at, read_orepa_1x1}};
}

}  // namespace expandnet
