#include "trainers/app/runs/weights.h"

#include <c10/util/Exception.h>
#include <expandnet/deploy/load_weights.h>
#include <expandnet/deploy/torchscript.h>
#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/train/checkpoints.h>
#include <torch/serialize/archive.h>

#include <algorithm>
#include <exception>
#include <filesystem>

#include "base/error.h"
#include "trainers/app/runs/run_files.h"

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

void save_weights(const torch::nn::Module& module, const std::string& path) {
  torch::serialize::OutputArchive archive;
  module.save(archive);
  train::save_atomically(archive, path);
}

void save_weights(const train::Model& model, const torch::Tensor& example,
                  const std::string& format, const std::string& path) {
  if (format == "safetensors") {
    write_safetensors(weights_of(*model.module), path);
  } else if (format == "pt") {
    write_pytorch(weights_of(*model.module), path);
  } else if (format == "torchscript") {
    model.module->eval();
    if (auto script =
            std::dynamic_pointer_cast<ImportedScriptImpl>(model.module)) {
      export_torchscript(ImportedScript(script), example, path);
    } else {
      export_torchscript(*model.module, model.forward, example, path);
    }
  } else {
    save_weights(*model.module, path);
  }
}

train::Model load_run(const std::string& folder, const Trainer& trainer,
                      std::int64_t classes, c10::Device device) {
  const auto file = (std::filesystem::path(folder) / kWeightsFile).string();
  TORCH_CHECK(
      std::filesystem::exists(file),
      error_message(trainer.name(),
                    std::string("a finished run must hold ") + kWeightsFile,
                    "none in \"" + folder + "\"", "finish it by --resume"));
  auto model = trainer.compact_net(classes);
  model.module->to(device);
  try {
    load_weights(*model.module, read_weights(file));
  } catch (const std::exception& error) {
    TORCH_CHECK(
        false, error_message(
                   trainer.name(),
                   std::string(kWeightsFile) + " must be whole and of this net",
                   "\"" + file + "\" (" + message_of(error) + ")"));
  }
  model.module->eval();
  return model;
}

}  // namespace expandnet::examples
