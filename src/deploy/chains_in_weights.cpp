#include "deploy/chains_in_weights.h"

#include <c10/util/Exception.h>
#include <fnmatch.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "base/weight_paths.h"
#include "deploy/chain_shapes.h"
#include "deploy/containers.h"
#include "fold/site.h"

namespace expandnet {

namespace {

const Site kContractWeights{"contract_weights", ""};

bool matches(const std::string& pattern, const std::string& path) {
  auto slashed = [](std::string text) {
    std::replace(text.begin(), text.end(), '.', '/');
    return text;
  };
  return fnmatch(slashed(pattern).c_str(), slashed(path).c_str(),
                 FNM_PATHNAME | FNM_NOESCAPE) == 0;
}

/// "classifier.1-3" as the container and its entries.
struct NamedChain {
  std::string container;
  std::optional<std::pair<std::int64_t, std::int64_t>> range;
};

NamedChain parse_named(const std::string& pattern) {
  const auto [container, last] = split_last(pattern);
  const auto dash = last.find('-');
  if (dash == std::string::npos) return {pattern, std::nullopt};
  const auto from = last.substr(0, dash), to = last.substr(dash + 1);
  if (!is_index(from) || !is_index(to)) return {pattern, std::nullopt};
  return {container, std::pair{std::stoll(from), std::stoll(to)}};
}

class ChainFinder {
 public:
  ChainFinder(const Weights& weights, const ContractWeightsOptions& options)
      : containers_(containers_of(weights)), options_(options) {}

  std::vector<ChainInWeights> find() {
    for (const auto& [path, container] : containers_) {
      if (split_last(path).second == "chain") add_own(path, container);
    }
    if (options_.chains.empty()) {
      for (const auto& [path, container] : containers_) {
        if (split_last(path).second != "chain") add_by_shape(path, container);
      }
    }
    for (const auto& pattern : options_.chains) add_named(pattern);
    for (const auto& pattern : options_.transposed) {
      TORCH_CHECK(
          used_.count(pattern) != 0,
          error_message(kContractWeights,
                        "a transposed layer must be a chain of the file",
                        "\"" + pattern + "\"", "see what is found"));
    }
    check_disjoint();
    return std::move(chains_);
  }

 private:
  /// The plan of these entries, if they make a chain.
  std::optional<ChainInWeights> chain_of(const std::string& path,
                                         const Entries& entries,
                                         std::int64_t first, std::int64_t last,
                                         bool whole) {
    ChainInWeights chain;
    chain.container = path;
    chain.first = first;
    chain.last = last;
    chain.whole = whole;
    chain.layer_path = whole ? path : under(path, std::to_string(first));
    if (whole && split_last(path).second == "chain") {
      chain.layer_path = split_last(path).first;
    }
    std::vector<FactorInFile> shapes;
    for (auto i = first; i <= last; ++i) {
      const auto entry = entries.find(i);
      if (entry == entries.end() || !entry->second.is_factor()) {
        return std::nullopt;
      }
      const auto& affine = entry->second.affine;
      shapes.push_back({affine.weight.sizes().vec(), affine.bias.defined()});
      chain.factors.push_back(affine);
      chain.factor_paths.push_back(under(path, std::to_string(i)));
    }
    bool transposed = false;
    for (const auto& pattern : options_.transposed) {
      if (!matches(pattern, chain.layer_path)) continue;
      transposed = true;
      used_.insert(pattern);
    }
    const auto plan = plan_of_shapes(shapes, transposed);
    if (!plan) return std::nullopt;
    chain.plan = *plan;
    return chain;
  }

  void add_own(const std::string& path, const Container& container) {
    const auto& entries = container.entries;
    if (entries.empty()) return;
    auto chain = container.others ? std::nullopt
                                  : chain_of(path, entries, 0,
                                             entries.rbegin()->first, true);
    TORCH_CHECK(chain,
                error_message(kContractWeights,
                              "the factors of a chain must follow each other",
                              describe(entries), "") +
                    " at \"" + path + "\"");
    chains_.push_back(std::move(*chain));
  }

  /// From the first entry on, the longest chain that a rate would give.
  void add_by_shape(const std::string& path, const Container& container) {
    const auto& entries = container.entries;
    for (auto entry = entries.begin(); entry != entries.end();) {
      const auto first = entry->first;
      auto end = first;
      for (auto next = entry; next != entries.end() && next->first == end &&
                              next->second.is_factor();
           ++next) {
        ++end;
      }
      auto last = end - 1;
      for (; last > first; --last) {
        const bool whole = !container.others && first == 0 &&
                           entries.size() == static_cast<std::size_t>(last + 1);
        auto chain = chain_of(path, entries, first, last, whole);
        if (!chain || !is_expanded_by_a_rate(chain->plan)) continue;
        // The paper's linear chains have three factors; longer ones are named.
        if (chain->plan.strategy == Strategy::kFC && last != first + 2)
          continue;
        chains_.push_back(std::move(*chain));
        break;
      }
      entry = entries.upper_bound(std::max(last, first));
    }
  }

  void add_named(const std::string& pattern) {
    const auto named = parse_named(pattern);
    bool found = false;
    for (const auto& [path, container] : containers_) {
      const auto& entries = container.entries;
      if (entries.empty() || !matches(named.container, path)) continue;
      found = true;
      const auto last =
          named.range ? named.range->second : entries.rbegin()->first;
      const auto first = named.range ? named.range->first : 0;
      auto chain = chain_of(path, entries, first, last, !named.range);
      TORCH_CHECK(
          chain && (named.range || !container.others),
          error_message(kContractWeights,
                        "a named chain must be layers that follow each other",
                        describe(entries),
                        "name them as \"" + under(path, "0-2") + "\"") +
              " at \"" + path + "\"");
      chains_.push_back(std::move(*chain));
    }
    TORCH_CHECK(found, error_message(kContractWeights,
                                     "a named chain must be in the file",
                                     "\"" + pattern + "\""));
  }

  void check_disjoint() const {
    std::set<std::string> seen;
    for (const auto& chain : chains_) {
      for (const auto& path : chain.factor_paths) {
        TORCH_CHECK(
            seen.insert(path).second,
            error_message(kContractWeights, "a factor must be in one chain",
                          "\"" + path + "\" in two", "name each chain once"));
      }
    }
  }

  /// "0 [12, 3, 1, 1], 1 [32, 12, 3, 3], 3 (no factor)".
  static std::string describe(const Entries& entries) {
    std::string text;
    for (const auto& [index, entry] : entries) {
      if (!text.empty()) text += ", ";
      text += std::to_string(index) + " " +
              (entry.is_factor() ? sizes(entry.affine.weight.sizes())
                                 : std::string("(no factor)"));
    }
    return text;
  }

  std::map<std::string, Container> containers_;
  const ContractWeightsOptions& options_;
  std::vector<ChainInWeights> chains_;
  std::set<std::string> used_;  ///< patterns of transposed chains
};

}  // namespace

std::vector<ChainInWeights> chains_in(const Weights& weights,
                                      const ContractWeightsOptions& options) {
  return ChainFinder(weights, options).find();
}

NewPaths::NewPaths(const std::vector<ChainInWeights>& chains) {
  for (const auto& chain : chains) {
    if (!chain.whole) by_container_[chain.container].push_back(&chain);
  }
}

std::string NewPaths::of(const std::string& path) const {
  std::string before, after;  // the path so far, and what has become of it
  std::size_t begin = 0;
  while (begin <= path.size()) {
    const auto end = std::min(path.find('.', begin), path.size());
    auto part = path.substr(begin, end - begin);
    const auto shifted = by_container_.find(before);
    before = under(before, part);
    if (shifted != by_container_.end() && is_index(part)) {
      auto index = std::stoll(part);
      for (const auto* chain : shifted->second) {
        if (std::stoll(part) > chain->last) index -= chain->last - chain->first;
      }
      part = std::to_string(index);
    }
    after = under(after, part);
    begin = end + 1;
  }
  return after;
}

std::string NewPaths::of(const ChainInWeights& chain) const {
  return chain.layer_path.empty() ? "" : of(chain.layer_path);
}

}  // namespace expandnet
