// stratified.h: draws images so that every class keeps its share.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::data {

/// Draws `count` indices of `labels`, sorted. Each class keeps its share,
/// rounded so that the sum is `count`. The result is the same on every machine.
///
/// Throws `c10::Error` in the name of `where` unless 0 <= count <= N, and for a
/// label that is not 0 to `classes` - 1.
[[nodiscard]] std::vector<std::int64_t> draw_stratified(
    const std::string& where, const std::vector<std::int64_t>& labels,
    std::int64_t classes, std::int64_t count, std::uint64_t seed);

}  // namespace expandnet::data
