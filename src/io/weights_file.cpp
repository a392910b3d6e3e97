#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <expandnet/io/weights_file.h>

#include <filesystem>
#include <string_view>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "io/pytorch/checkpoint_keys.h"
#include "io/pytorch/libtorch_archive.h"
#include "io/zip/zip_archive.h"

namespace expandnet {

namespace {

/// torch::save writes as TorchScript does; torch.save has no constants.
bool is_libtorch_archive(const std::string& where, std::string_view bytes) {
  const ZipArchive zip(where, bytes);
  if (zip.entries().empty()) return false;
  const auto name = zip.entries().front().name;
  const std::string folder(name.substr(0, name.find('/') + 1));
  return zip.find(folder + "constants.pkl") != nullptr;
}

std::string ending_of(const std::string& path) {
  return std::filesystem::path(path).extension().string();
}

using Writer = void(const Weights& weights, const std::string& path);

/// What writes the format that the ending of `path` stands for; null: none.
Writer* writer_for(const std::string& path) {
  const auto ending = ending_of(path);
  if (ending == ".safetensors") return write_safetensors;
  if (ending == ".pt" || ending == ".pth") return write_pytorch;
  return nullptr;
}

}  // namespace

Weights read_weights(const std::string& path, const std::string& key) {
  const auto where = "\"" + path + "\"";
  bool is_archive = false, is_safetensors = false;
  {
    const MappedFile file(path);
    const auto bytes = file.bytes();
    const bool is_zip = bytes.substr(0, 4) == "PK\x03\x04";
    // The length of a header and its brace; Python's pickles begin with 0x80.
    is_safetensors = bytes.size() > 8 && bytes[8] == '{';
    const bool is_pickle = bytes.substr(0, 1) == "\x80";
    if (!is_zip && !is_safetensors && !is_pickle) {
      const auto first = bytes.substr(0, 4);
      throw_file_error(
          where, "a file of weights must be of safetensors or PyTorch",
          first.empty() ? "an empty one"
                        : "one that begins with " +
                              hex_bytes({first.begin(), first.end()}),
          "see what it is");
    }
    is_archive = is_zip && is_libtorch_archive(where, bytes);
  }
  if (is_archive && (key.empty() || key == kModelKey)) {
    return read_libtorch_archive(
        path, key.empty() ? Averages::kTaken : Averages::kLeftOut);
  }
  if (key.empty() && is_safetensors) return read_safetensors(path);
  if (is_archive || is_safetensors) {
    throw_file_error(where, "only checkpoints have entries",
                     "the key " + quoted_name(key), "leave it out");
  }
  return read_pytorch(path, key);
}

void write_weights(const Weights& weights, const std::string& path) {
  if (auto* write = writer_for(path)) {
    write(weights, path);
    return;
  }
  const auto ending = ending_of(path);
  throw_file_error("\"" + path + "\"",
                   "a file of weights must end in .safetensors, .pt or .pth",
                   ending.empty() ? "no ending" : ending, "name it so");
}

bool has_weights_ending(const std::string& path) {
  return writer_for(path) != nullptr;
}

}  // namespace expandnet
