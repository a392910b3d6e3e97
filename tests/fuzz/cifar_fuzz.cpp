// Any bytes, gzipped or not, are whole records of CIFAR with labels in range,
// or a std::runtime_error.
#include <expandnet/data/cifar.h>

#include <stdexcept>

#include "memory_file.h"

namespace {

using expandnet::data::Cifar;

void read(const MemoryFile& file, Cifar kind) {
  const auto records = expandnet::data::read_cifar(file.path(), kind);
  const auto count = records.labels.size();
  const unsigned classes = kind == Cifar::k10 ? 10 : 100;
  bool fine = count > 0 && records.pixels.size() == 3072 * count;
  for (const auto label : records.labels) fine = fine && label < classes;
  for (const auto label : records.coarse_labels) fine = fine && label < 20;
  if (kind == Cifar::k100) fine = fine && records.coarse_labels.size() == count;
  if (!fine) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const MemoryFile file(data, size);
  for (const auto kind : {Cifar::k10, Cifar::k100}) {
    try {
      read(file, kind);
    } catch (const std::runtime_error&) {
      continue;
    }
  }
  return 0;
}
