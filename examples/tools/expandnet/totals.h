// totals.h: what is said of all tensors of a file together.
#pragma once

#include <expandnet/deploy/chain_in_weights.h>
#include <expandnet/deploy/foreign_blocks.h>
#include <expandnet/io/weights.h>

#include <cstdint>
#include <string>
#include <vector>

namespace expandnet::examples {

std::int64_t numbers_in(const Weights& weights);

/// A line for each chain: its layer, and its factors.
void list_chains(const std::vector<ChainInWeights>& chains);

/// A line for each sequence of layers that a search by shape has left.
void list_left(const Weights& weights,
               const std::vector<ChainInWeights>& chains);

/// A line for each block of another system, one for all that need its name,
/// and how many there are; nothing where there are none.
void list_blocks(const std::vector<ForeignBlock>& blocks);

/// "1 chain", "2 chains"
[[nodiscard]] std::string count_of_chains(
    const std::vector<ChainInWeights>& chains);

/// Says whose places averages take.
void tell_averages(const NamedTensors& averages);

/// What is to know of the file `path`, a line each.
void tell_notes(const std::string& path, const std::vector<std::string>& notes);

}  // namespace expandnet::examples
