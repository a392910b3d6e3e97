#include "deploy/foreign/batch_norm_pairs.h"

#include <c10/util/Exception.h>

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "base/weight_paths.h"
#include "fold/site_message.h"

namespace expandnet {

namespace {

/// The names that the layer before a BatchNorm may have: "bn1" -> "conv1",
/// "1" -> "0".
std::vector<std::string> names_before(const std::string& norm) {
  if (is_index(norm)) {
    const auto index = std::stoll(norm);
    if (index == 0) return {};
    return {std::to_string(index - 1)};
  }
  std::vector<std::string> names;
  for (const std::string word : {"bn", "norm"}) {
    const auto place = norm.find(word);
    if (place == std::string::npos) continue;
    for (const auto* layer : {"conv", "fc"}) {
      auto name = norm;
      names.push_back(name.replace(place, word.size(), layer));
    }
  }
  return names;
}

bool is_layer_of_pair(const Keys& keys, const std::string& path,
                      const std::set<std::string>& taken) {
  const auto weight = under(path, "weight");
  if (!keys.has(weight) || taken.count(weight) != 0) return false;
  const auto dims = keys.at(weight).dim();
  return dims >= 2 && dims <= 5;
}

}  // namespace

std::vector<BatchNormPair> batch_norm_pairs(
    const Keys& keys, const std::set<std::string>& taken) {
  std::vector<BatchNormPair> pairs;
  for (const auto& norm : keys.modules()) {
    const auto mean = under(norm, "running_mean");
    if (!keys.has(mean) || taken.count(mean) != 0) continue;
    const auto [parent, last] = split_last(norm);
    for (const auto& name : names_before(last)) {
      const auto layer = under(parent, name);
      if (!is_layer_of_pair(keys, layer, taken)) continue;
      pairs.push_back({layer, norm});
      break;
    }
  }
  std::sort(pairs.begin(), pairs.end(),
            [](const auto& a, const auto& b) { return a.layer < b.layer; });
  return pairs;
}

void check_pairs(const Keys& keys, const std::vector<BatchNormPair>& pairs,
                 const std::string& caller) {
  const auto twice = std::adjacent_find(
      pairs.begin(), pairs.end(),
      [](const auto& a, const auto& b) { return a.layer == b.layer; });
  if (twice != pairs.end()) {
    TORCH_CHECK(false, error_message(
                           Site{caller, twice->layer},
                           "a layer must have one BatchNorm behind it",
                           quoted_name(twice->norm) + " and " +
                               quoted_name(std::next(twice)->norm),
                           "the names do not tell which: leave out --fuse-bn"));
  }
  for (const auto& [layer, norm] : pairs) {
    const auto outputs = keys.at(under(layer, "weight")).size(0);
    const auto channels = keys.at(under(norm, "running_mean")).numel();
    TORCH_CHECK(outputs == channels,
                error_message(
                    Site{caller, norm},
                    "a BatchNorm behind a layer must have its output channels",
                    std::to_string(channels) + " for " +
                        std::to_string(outputs) + " of " + quoted_name(layer),
                    "the net may have its BatchNorms before the layers, or be "
                    "transposed: leave out --fuse-bn"));
  }
}

}  // namespace expandnet
