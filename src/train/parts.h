// parts.h: saves and loads the parts of a checkpoint.
#pragma once

#include <torch/serialize/archive.h>

#include <string>

namespace expandnet::train {

/// Saves a module, an optimizer or an expansion under a key.
template <typename Part>
void save_part(torch::serialize::OutputArchive& archive, const std::string& key,
               const Part& part) {
  torch::serialize::OutputArchive inner(archive.compilation_unit());
  part.save(inner);
  archive.write(key, inner);
}

/// Loads what `save_part` saved.
template <typename Part>
void load_part(torch::serialize::InputArchive& archive, const std::string& key,
               Part& part) {
  torch::serialize::InputArchive inner;
  archive.read(key, inner);
  part.load(inner);
}

}  // namespace expandnet::train
