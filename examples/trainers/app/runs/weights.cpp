#include "trainers/app/runs/weights.h"

#include <expandnet/deploy/load_weights.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/safetensors/safetensors.h>

#include <algorithm>
#include <filesystem>

#include "trainers/app/runs/run.h"

namespace expandnet::examples {

namespace {

struct Format {
  std::string name;
  std::string file;                  ///< in a run's folder
  std::vector<std::string> endings;  ///< that its files may have
};

const std::vector<Format>& formats() {
  static const std::vector<Format> all = {
      {"libtorch", kWeightsFile, {".pt"}},
      {"safetensors", "weights.safetensors", {".safetensors"}},
      {"pt", "weights.pth", {".pth", ".pt"}},
      {"torchscript", "net.torchscript.pt", {".pt"}}};
  return all;
}

const Format& format_named(const std::string& name) {
  return *std::find_if(
      formats().begin(), formats().end(),
      [&name](const auto& format) { return format.name == name; });
}

bool may_end_in(const Format& format, const std::string& ending) {
  const auto& endings = format.endings;
  return std::find(endings.begin(), endings.end(), ending) != endings.end();
}

}  // namespace

const std::vector<std::string>& weight_formats() {
  static const auto names = [] {
    std::vector<std::string> result;
    for (const auto& format : formats()) result.push_back(format.name);
    return result;
  }();
  return names;
}

std::string weights_file(const std::string& format) {
  return format_named(format).file;
}

std::string complaint_about_ending(const std::string& path,
                                   const std::string& format) {
  const auto ending = std::filesystem::path(path).extension().string();
  const auto& own = format_named(format);
  const bool is_known = std::any_of(
      formats().begin(), formats().end(),
      [&ending](const auto& one) { return may_end_in(one, ending); });
  if (!is_known || may_end_in(own, ending)) return "";
  return "must not end as another format does, got " + ending + " for " +
         format + "; name it " + own.endings.front();
}

void save_weights(const train::Model& model, const torch::Tensor& example,
                  const std::string& format, const std::string& path) {
  if (format == "safetensors") {
    write_safetensors(weights_of(*model.module), path);
  } else if (format == "pt") {
    write_pytorch(weights_of(*model.module), path);
  } else if (format == "torchscript") {
    model.module->eval();
    export_torchscript(*model.module, model.forward, example, path);
  } else {
    save_weights(*model.module, path);
  }
}

}  // namespace expandnet::examples
