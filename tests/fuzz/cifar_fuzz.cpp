// Any bytes are whole records of CIFAR with labels in range, or a
// std::runtime_error.
#include <cstdlib>
#include <stdexcept>

#include "data/sets/parse_cifar.h"
#include "memory_source.h"

namespace {

using expandnet::data::Cifar;

void parse(MemorySource bytes, std::size_t size, Cifar kind) {
  const auto records = expandnet::data::parse_cifar(bytes, "fuzz", kind);
  const auto count = records.labels.size();
  const unsigned classes = kind == Cifar::k10 ? 10 : 100;
  bool fine = count > 0 && records.pixels.size() == 3072 * count;
  for (const auto label : records.labels) fine = fine && label < classes;
  for (const auto label : records.coarse_labels) fine = fine && label < 20;
  const auto labels = records.labels.size() + records.coarse_labels.size();
  fine = fine && labels == (kind == Cifar::k10 ? 1 : 2) * count;
  if (!fine || records.pixels.size() + labels != size) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const auto kind = size % 3074 == 0 ? Cifar::k100 : Cifar::k10;
  try {
    parse({data, size}, size, kind);
  } catch (const std::runtime_error&) {
    return 0;
  }
  return 0;
}
