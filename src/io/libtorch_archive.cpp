#include "io/libtorch_archive.h"

#include <c10/util/Exception.h>
#include <torch/serialize/input-archive.h>

#include "base/fail.h"

namespace expandnet {

namespace {

using torch::serialize::InputArchive;

/// Deeper than modules are nested.
constexpr int kDeepest = 200;

void add_tensors(InputArchive& archive, const std::string& prefix, int depth,
                 Weights& weights) {
  TORCH_CHECK(depth < kDeepest, "modules are nested too deep");
  for (const auto& key : archive.keys()) {
    at::Tensor tensor;
    InputArchive inner;
    if (archive.try_read(key, tensor, /*is_buffer=*/true) ||
        archive.try_read(key, tensor)) {
      weights.tensors.emplace_back(prefix + key, tensor.detach());
    } else if (archive.try_read(key, inner)) {
      add_tensors(inner, prefix + key + ".", depth + 1, weights);
    }
  }
}

}  // namespace

Weights read_libtorch_archive(const std::string& path) {
  Weights weights;
  bool has_average = false;
  try {
    InputArchive archive, model, part;
    archive.load_from(path, c10::Device(c10::kCPU));
    if (archive.try_read("model", model) &&
        archive.try_read("optimizer", part)) {
      has_average = archive.try_read("average", part);
      add_tensors(model, "", 0, weights);
      if (archive.try_read("expansion", part))
        add_tensors(part, "", 0, weights);
    } else {
      add_tensors(archive, "", 0, weights);
    }
  } catch (const c10::Error& error) {
    fail("\"" + path + "\"", "an archive of torch::save must be whole",
         "an error of LibTorch (" +
             std::string(error.what_without_backtrace()) + ")",
         "save it again");
  }
  if (has_average) {
    fail("\"" + path + "\"", "a checkpoint must name its weights",
         "one whose moving average is without names",
         "contract it with the program that trained it");
  }
  if (weights.tensors.empty()) {
    fail("\"" + path + "\"", "a file of weights must hold tensors", "none",
         "save a module's state");
  }
  return weights;
}

}  // namespace expandnet
