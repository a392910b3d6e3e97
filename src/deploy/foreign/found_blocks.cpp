#include "deploy/foreign/found_blocks.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <utility>

#include "base/weight_paths.h"

namespace expandnet {

namespace {

bool is_generic(const BlockKind* kind) {
  return kind->keys == KindOfKeys::kGeneric;
}

/// The kinds that a module may be, the first one of each system that fits.
std::vector<const BlockKind*> kinds_at(const Keys& keys,
                                       const std::string& module,
                                       const std::string& system) {
  std::vector<const BlockKind*> kinds;
  for (const auto& kind : block_kinds()) {
    const bool is_asked = system.empty() || system == kind.system;
    const bool has_kind =
        std::any_of(kinds.begin(), kinds.end(), [&](const auto* other) {
          return std::string(other->system) == kind.system;
        });
    if (!is_asked || has_kind) continue;
    const bool has_part = !system.empty() && kind.is_part_at != nullptr &&
                          kind.is_part_at(keys, module);
    if (has_part || kind.is_at(keys, module)) kinds.push_back(&kind);
  }
  return kinds;
}

bool is_within(std::string path, const std::set<std::string>& modules) {
  while (!path.empty()) {
    path = split_last(path).first;
    if (modules.count(path) != 0) return true;
  }
  return false;
}

}  // namespace

bool FoundBlock::generic() const {
  return std::all_of(kinds.begin(), kinds.end(), is_generic);
}

std::vector<FoundBlock> found_blocks(const Keys& keys,
                                     const std::string& system) {
  std::vector<FoundBlock> blocks;
  std::set<std::string> certain, possible;  // paths of blocks
  for (const auto& module : keys.modules()) {
    if (is_within(module, certain)) continue;
    FoundBlock block{module, kinds_at(keys, module, system)};
    // What is a system's own hides what others might be.
    const bool has_own =
        !std::all_of(block.kinds.begin(), block.kinds.end(), is_generic);
    if (has_own || is_within(module, possible)) {
      block.kinds.erase(
          std::remove_if(block.kinds.begin(), block.kinds.end(), is_generic),
          block.kinds.end());
    }
    if (block.kinds.empty()) continue;
    (has_own || !system.empty() ? certain : possible).insert(module);
    blocks.push_back(std::move(block));
  }
  return blocks;
}

std::set<std::string> tensors_of(const Keys& keys, const FoundBlock& block) {
  constexpr double kAnyEpsilon = 1;  // no variance is too small with it
  BlockReader reader(keys, block.path, {"a block", "", kAnyEpsilon},
                     {"tensors_of", block.path});
  try {
    static_cast<void>(block.kinds.front()->read(reader));
  } catch (const c10::Error&) {
    return {};
  }
  return reader.used();
}

std::vector<std::string> systems_of(const FoundBlock& block) {
  std::vector<std::string> names;
  for (const auto* kind : block.kinds) names.emplace_back(kind->system);
  return names;
}

}  // namespace expandnet
