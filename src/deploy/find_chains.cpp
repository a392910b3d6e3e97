#include <c10/util/Exception.h>
#include <c10/util/StringUtil.h>
#include <expandnet/deploy/find_chains.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/weight_paths.h"
#include "deploy/chain_shapes.h"
#include "deploy/containers.h"
#include "deploy/new_paths.h"
#include "fold/chain_layout.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

constexpr const char* kFindChains = "contract_weights";  // who is called

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

constexpr const char* kPlainWeights =
    "take weight norm, pruning and parametrizations out before saving";

std::string names_of(const std::set<std::string>& others) {
  std::string text;
  for (const auto& name : others) text += (text.empty() ? "" : ", ") + name;
  return text;
}

/// Whether its weight is of a dtype that no layer has.
bool is_no_float(const ModuleInFile& entry) {
  const auto& weight = entry.affine.weight;
  return weight.defined() && !weight.is_floating_point();
}

/// "[12, 3, 1, 1]", or why the entry is no factor.
std::string text_of(const ModuleInFile& entry) {
  if (entry.is_factor()) return sizes(entry.affine.weight.sizes());
  if (!entry.others.empty()) return "(" + names_of(entry.others) + ")";
  if (is_no_float(entry)) {
    return std::string("(") + c10::toString(entry.affine.weight.scalar_type()) +
           ")";
  }
  return "(no factor)";
}

/// "0 [12, 3, 1, 1], 1 [32, 12, 3, 3], 2 (weight_g, weight_v)", and other names
/// beside them.
std::string text_of(const Container& container) {
  std::string text;
  for (const auto& [index, entry] : container.entries) {
    if (!text.empty()) text += ", ";
    text += std::to_string(index) + " " + text_of(entry);
  }
  return container.others.empty() ? text
                                  : text + ", " + names_of(container.others);
}

bool has_parametrized(const Entries& entries) {
  return std::any_of(entries.begin(), entries.end(), [](const auto& item) {
    return item.second.is_parametrized();
  });
}

/// What to do about entries that make no chain, by the first that is no factor;
/// "" where all are.
std::string remedy_for(const Container& container) {
  for (const auto& item : container.entries) {
    const auto& entry = item.second;
    if (entry.is_factor()) continue;
    if (entry.is_parametrized()) return kPlainWeights;
    if (!entry.others.empty()) {
      return "merge " + names_of(entry.others) +
             " into the weight before saving";
    }
    if (is_no_float(entry)) {
      return "save the factors in a floating-point dtype, dequantized";
    }
  }
  return container.others.empty() ? ""
                                  : "leave out " + names_of(container.others) +
                                        ", or save it under another path";
}

/// What becomes the layer: `<path>` of `<path>.chain`, the container, or its
/// first entry.
std::string layer_in_file_of(const ChainInWeights& chain) {
  const auto& container = chain.container;
  if (!chain.whole) return under(container, std::to_string(chain.first));
  const auto [parent, last] = split_last(container);
  return last == "chain" ? parent : container;
}

/// The layout beside the factors of a chain of this library's, if there is one.
std::optional<ChainLayout> layout_in(const Container& container) {
  ChainLayout layout;
  for (const auto& [name, part] : kLayoutParts) {
    const auto found = container.tensors.find(name);
    if (found == container.tensors.end()) return std::nullopt;
    layout.*part = found->second;
  }
  return layout;
}

/// A part of a layout without the others is damage, not a name to leave out.
void check_layout_is_whole(const std::string& path,
                           const Container& container) {
  std::vector<std::string> there, missing;
  for (const auto& part : kLayoutParts) {
    const bool is_there = container.tensors.count(part.name) > 0;
    (is_there ? there : missing).emplace_back(part.name);
  }
  TORCH_CHECK(
      there.empty() || missing.empty(),
      error_message(Site{kFindChains, path},
                    "a sum of branches needs branches, factors and layer "
                    "beside its factors",
                    "only " + c10::Join(", ", there),
                    "save all of named_buffers()"));
}

class ChainFinder {
 public:
  ChainFinder(const Weights& weights, const FindChainsOptions& options)
      : containers_(containers_of(weights)), options_(options) {}

  std::vector<ChainInWeights> find();

 private:
  void add_own(const std::string& path, const Container& container);
  void add_by_shape(const std::string& path, const Container& container);
  void add_named(const std::string& pattern);

  /// The chain of these entries of a container, if they make one.
  std::optional<ChainInWeights> chain_of(const std::string& path,
                                         std::int64_t first, std::int64_t last,
                                         bool whole);
  /// By the layout that stands beside the factors, or else by their shapes.
  std::optional<Plan> plan_in_file(const ChainInWeights& chain);
  /// The longest chain from the entry `first` on, up to `last`, that a rate
  /// would give.
  std::optional<ChainInWeights> longest_by_shape(const std::string& path,
                                                 std::int64_t first,
                                                 std::int64_t last);
  static void check_plain(const std::string& path, const Entries& entries);
  bool is_transposed(const std::string& layer);
  void check_may_search() const;
  void check_transposed() const;
  void check_disjoint() const;

  std::map<std::string, Container> containers_;
  const FindChainsOptions& options_;
  std::vector<ChainInWeights> chains_;
  std::set<std::string> used_;  ///< patterns of transposed chains
};

std::vector<ChainInWeights> ChainFinder::find() {
  for (const auto& [path, container] : containers_) {
    if (split_last(path).second == "chain") add_own(path, container);
  }
  if (options_.by_shape) {
    check_may_search();
    for (const auto& [path, container] : containers_) {
      add_by_shape(path, container);
    }
  }
  for (const auto& pattern : options_.chains) add_named(pattern);
  check_transposed();
  check_disjoint();
  const NewPaths paths(chains_);
  for (auto& chain : chains_) {
    const auto& path = chain.layer_in_file;
    chain.layer = path.empty() ? "" : paths.of(path);
  }
  return std::move(chains_);
}

/// Where a file says what its chains are, shapes must not say otherwise.
void ChainFinder::check_may_search() const {
  TORCH_CHECK(
      chains_.empty(),
      error_message(kFindChains,
                    "a search by shape needs a file without chains of its own",
                    in_quotes(under(chains_.front().layer_in_file, "chain")),
                    "leave out --by-shape, and name other chains with "
                    "--chain"));
  TORCH_CHECK(
      options_.chains.empty(),
      error_message(kFindChains, "chains are named or searched by shape",
                    "both", "leave out --by-shape or --chain"));
}

bool ChainFinder::is_transposed(const std::string& layer) {
  bool transposed = false;
  for (const auto& pattern : options_.transposed) {
    if (!matches(pattern, layer)) continue;
    transposed = true;
    used_.insert(pattern);
  }
  return transposed;
}

std::optional<ChainInWeights> ChainFinder::chain_of(const std::string& path,
                                                    std::int64_t first,
                                                    std::int64_t last,
                                                    bool whole) {
  ChainInWeights chain;
  chain.container = path;
  chain.first = first;
  chain.last = last;
  chain.whole = whole;
  chain.layer_in_file = layer_in_file_of(chain);
  const auto& entries = containers_.at(path).entries;
  for (auto i = first; i <= last; ++i) {
    const auto entry = entries.find(i);
    if (entry == entries.end() || !entry->second.is_factor()) {
      return std::nullopt;
    }
    chain.tensors.push_back(entry->second.affine);
    chain.factors.push_back(under(path, std::to_string(i)));
  }
  const auto plan = plan_in_file(chain);
  if (!plan) return std::nullopt;
  chain.plan = *plan;
  return chain;
}

std::optional<Plan> ChainFinder::plan_in_file(const ChainInWeights& chain) {
  const auto& container = containers_.at(chain.container);
  const bool transposed = is_transposed(chain.layer_in_file);
  const auto layout = layout_in(container);
  if (!chain.whole || !layout) {
    return plan_of_shapes(shapes_of(chain.tensors), transposed);
  }
  std::vector<LaidOutFactor> factors;
  for (const auto& [weight, bias] : chain.tensors) {
    factors.push_back({weight.sizes().vec(), bias.defined()});
  }
  return plan_of_layout(*layout, factors, transposed);
}

void ChainFinder::add_own(const std::string& path, const Container& container) {
  const auto& entries = container.entries;
  if (entries.empty()) return;
  check_layout_is_whole(path, container);
  const bool has_layout = layout_in(container).has_value();
  const auto others =
      container.others.size() - (has_layout ? std::size(kLayoutParts) : 0);
  auto chain = others > 0 ? std::nullopt
                          : chain_of(path, 0, entries.rbegin()->first, true);
  const auto shown =
      has_layout && others == 0 ? Container{entries, {}, {}} : container;
  const auto remedy = remedy_for(shown);
  TORCH_CHECK(
      chain,
      error_message(Site{kFindChains, path},
                    has_layout ? "the factors of a chain must be those "
                                 "of its layout"
                               : "the factors of a chain must follow "
                                 "each other",
                    text_of(shown),
                    remedy.empty()
                        ? has_layout ? "read all files, where it stands in "
                                       "several"
                                     : "read all files, where it stands in "
                                       "several, and save named_buffers() of "
                                       "a sum of branches"
                        : remedy));
  chains_.push_back(std::move(*chain));
}

std::optional<ChainInWeights> ChainFinder::longest_by_shape(
    const std::string& path, std::int64_t first, std::int64_t last) {
  const auto& container = containers_.at(path);
  for (; last > first; --last) {
    const bool whole =
        container.others.empty() && first == 0 &&
        container.entries.size() == static_cast<std::size_t>(last + 1);
    auto chain = chain_of(path, first, last, whole);
    if (!chain || !is_expanded_by_a_rate(chain->plan)) continue;
    // The paper's linear chains have three factors; longer ones are named.
    if (chain->plan.strategy != Strategy::kFC || last == first + 2) {
      return chain;
    }
  }
  return std::nullopt;
}

/// A parametrized layer beside others may be a factor, whose shape is unknown.
void ChainFinder::check_plain(const std::string& path, const Entries& entries) {
  const auto is_factor = [&](std::int64_t index) {
    const auto entry = entries.find(index);
    return entry != entries.end() && entry->second.is_factor();
  };
  for (const auto& [index, entry] : entries) {
    const bool alone = !is_factor(index - 1) && !is_factor(index + 1);
    TORCH_CHECK(
        alone || !entry.is_parametrized(),
        error_message(
            Site{kFindChains, under(path, std::to_string(index))},
            "a search by shape needs plain weights", names_of(entry.others),
            std::string(kPlainWeights) + ", or name the chains with --chain"));
  }
}

void ChainFinder::add_by_shape(const std::string& path,
                               const Container& container) {
  const auto& entries = container.entries;
  check_plain(path, entries);
  for (auto entry = entries.begin(); entry != entries.end();) {
    const auto first = entry->first;
    auto end = first;
    for (auto next = entry; next != entries.end() && next->first == end &&
                            next->second.is_factor();
         ++next) {
      ++end;
    }
    auto chain = longest_by_shape(path, first, end - 1);
    entry = entries.upper_bound(chain ? chain->last : first);
    if (chain) chains_.push_back(std::move(*chain));
  }
}

void ChainFinder::add_named(const std::string& pattern) {
  const auto named = parse_named(pattern);
  bool found = false;
  for (const auto& [path, container] : containers_) {
    const auto& entries = container.entries;
    if (entries.empty() || !matches(named.container, path)) continue;
    found = true;
    const auto first = named.range ? named.range->first : 0;
    const auto last =
        named.range ? named.range->second : entries.rbegin()->first;
    auto chain = chain_of(path, first, last, !named.range);
    // A whole container may hold other layers, which a range leaves out.
    const auto remedy =
        named.range && first <= last
            ? remedy_for(
                  {{entries.lower_bound(first), entries.upper_bound(last)}, {}})
        : has_parametrized(entries) ? std::string(kPlainWeights)
                                    : std::string();
    TORCH_CHECK(
        chain && (named.range || container.others.empty()),
        error_message(Site{kFindChains, path},
                      "a named chain must be layers that follow each other",
                      text_of(container),
                      remedy.empty()
                          ? "name them as " + in_quotes(under(path, "0-2"))
                          : remedy));
    chains_.push_back(std::move(*chain));
  }
  TORCH_CHECK(found,
              error_message(kFindChains, "a named chain must be in the file",
                            in_quotes(pattern)));
}

void ChainFinder::check_transposed() const {
  for (const auto& pattern : options_.transposed) {
    TORCH_CHECK(
        used_.count(pattern) != 0,
        error_message(kFindChains,
                      "a transposed layer must be a chain of the file",
                      in_quotes(pattern),
                      "run `expandnet summary FILE` to list the chains"));
  }
}

void ChainFinder::check_disjoint() const {
  std::set<std::string> seen;
  for (const auto& chain : chains_) {
    for (const auto& path : chain.factors) {
      TORCH_CHECK(
          seen.insert(path).second,
          error_message(kFindChains, "a factor must be in one chain",
                        in_quotes(path) + " in two", "name each chain once"));
    }
  }
}

}  // namespace

std::vector<ChainInWeights> find_chains(const Weights& weights,
                                        const FindChainsOptions& options) {
  return ChainFinder(weights, options).find();
}

std::vector<std::string> sequences_left(
    const Weights& weights, const std::vector<ChainInWeights>& found) {
  std::vector<std::string> left;
  for (const auto& [path, container] : containers_of(weights)) {
    std::set<std::int64_t> taken;
    for (const auto& chain : found) {
      if (chain.container != path) continue;
      for (auto i = chain.first; i <= chain.last; ++i) taken.insert(i);
    }
    std::vector<Affine> sequence;
    std::int64_t next = 0;
    const auto close = [&, &in = path] {
      const auto count = static_cast<std::int64_t>(sequence.size());
      if (count > 1 && plan_of_shapes(shapes_of(sequence), false)) {
        left.push_back(under(in, std::to_string(next - count)) + "-" +
                       std::to_string(next - 1));
      }
      sequence.clear();
    };
    for (const auto& [index, entry] : container.entries) {
      if (index != next) close();
      next = index;
      if (!entry.is_factor() || taken.count(index) > 0) {
        close();
      } else {
        sequence.push_back(entry.affine);
      }
      ++next;
    }
    close();
  }
  return left;
}

}  // namespace expandnet
