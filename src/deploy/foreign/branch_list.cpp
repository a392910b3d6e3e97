#include "deploy/foreign/branch_list.h"

#include <utility>

#include "base/weight_paths.h"

namespace expandnet {

BlockSum read_branch_list(BlockReader& reader, const std::string& path,
                          const BranchNames& names,
                          std::vector<std::string>& parts) {
  const auto list = under(path, names.list);
  const auto scale = under(path, names.scale);
  const auto identity = under(path, names.identity);
  const auto groups =
      groups_by_identity(reader, under(list, "0.conv.weight"), identity);
  BlockSum sum;
  const auto add = [&](const std::string& name, BlockBranch branch) {
    parts.push_back(name);
    sum.push_back(std::move(branch));
  };
  for (std::int64_t i = 0;; ++i) {
    const auto entry = under(list, std::to_string(i));
    if (i > 0 && !reader.has(entry)) break;
    add(entry, reader.conv_bn(entry, groups));
  }
  if (reader.has(scale)) add(scale, reader.conv_bn(scale, groups));
  if (reader.has(identity)) add(identity, {reader.norm(identity)});
  return sum;
}

}  // namespace expandnet
