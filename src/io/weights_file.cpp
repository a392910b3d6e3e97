#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <expandnet/io/weights_file.h>

#include <filesystem>
#include <iterator>
#include <map>
#include <memory>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/text.h"
#include "base/weight_paths.h"
#include "io/pytorch/checkpoint_keys.h"
#include "io/pytorch/legacy_file.h"
#include "io/pytorch/libtorch_archive.h"
#include "io/pytorch/pytorch_archive.h"
#include "io/pytorch/pytorch_reader.h"
#include "io/safetensors/safetensors_reader.h"
#include "io/shards.h"
#include "io/wrapper_names.h"

namespace expandnet {

namespace {

enum class WeightsFormat { kSafetensors, kPyTorch };

/// The format that the first bytes tell; PyTorch's is a zip file, or a pickle
/// before 1.6.
WeightsFormat format_of(const std::string& where, std::string_view bytes) {
  // The length of a header and its brace; Python's pickles begin with 0x80.
  if (bytes.size() > 8 && bytes[8] == '{') return WeightsFormat::kSafetensors;
  if (bytes.substr(0, 4) == "PK\x03\x04" || bytes.substr(0, 1) == "\x80" ||
      is_tar(bytes)) {
    return WeightsFormat::kPyTorch;
  }
  const auto first = bytes.substr(0, 4);
  throw_file_error(where, "a file of weights must be of safetensors or PyTorch",
                   first.empty() ? "an empty one"
                                 : "one that begins with " +
                                       hex_bytes({first.begin(), first.end()}),
                   "pass a .safetensors, .pt or .pth file");
}

[[noreturn]] void refuse_key(const std::string& where, const std::string& key) {
  throw_file_error(where, "only checkpoints have entries",
                   "the key " + quoted_name(key), "leave it out");
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

/// What a file holds, under the names that it has.
struct FileContent {
  TrainedWeights trained;
  Layout layout = Layout::kPlain;
};

FileContent with_layout(PyTorchWeights read) {
  const auto layout =
      read.key == "state_dict" ? Layout::kStateDict : Layout::kPlain;
  return {{std::move(read.weights), {}}, layout};
}

FileContent read_one_file(const std::string& path, const std::string& key) {
  const auto where = in_quotes(path);
  const auto file = std::make_shared<const MappedFile>(path);
  const auto bytes = file->bytes();
  if (format_of(where, bytes) == WeightsFormat::kSafetensors) {
    if (!key.empty()) refuse_key(where, key);
    return {{read_safetensors(file), {}}};
  }
  if (is_legacy_pytorch(bytes)) return with_layout(read_pytorch(file, key));
  auto zip = open_pytorch_zip(where, bytes);
  if (!is_libtorch_archive(zip)) {
    return with_layout(read_pytorch(file, std::move(zip), key));
  }
  if (!key.empty() && key != kModelKey) refuse_key(where, key);
  return {read_libtorch_archive(
      *file, zip, key.empty() ? Averages::kTaken : Averages::kLeftOut)};
}

/// Tensors that safetensors' save_model has left out, since another shares
/// their memory: the metadata give its name.
void add_tied(Weights& weights) {
  std::map<std::string, at::Tensor> tensors(weights.tensors.begin(),
                                            weights.tensors.end());
  auto& metadata = weights.metadata;
  for (auto entry = metadata.begin(); entry != metadata.end();) {
    const auto& [name, other] = *entry;
    const auto found = tensors.find(other);
    const bool is_tied = found != tensors.end() && tensors.count(name) == 0 &&
                         split_last(name).second == split_last(other).second;
    if (is_tied) weights.tensors.emplace_back(name, found->second);
    entry = is_tied ? metadata.erase(entry) : std::next(entry);
  }
}

}  // namespace

TrainedWeights read_trained_weights(const std::string& path,
                                    const std::string& key,
                                    WrapperNames names) {
  FileContent content;
  if (is_shard_index(path)) {
    const auto read = [&](const std::string& shard) {
      return read_one_file(shard, key).trained.weights;
    };
    content.trained.weights = read_shards(path, read);
  } else {
    refuse_single_shard(path);
    content = read_one_file(path, key);
    add_tied(content.trained.weights);
  }
  if (names == WrapperNames::kDropped) {
    drop_wrappers(content.trained, content.layout);
  }
  return std::move(content.trained);
}

Weights read_weights(const std::string& path, const std::string& key,
                     WrapperNames names) {
  auto [weights, averages] = read_trained_weights(path, key, names);
  if (!averages.empty()) {
    throw_file_error(in_quotes(path),
                     "the average of a layer must be read without its chain",
                     "averages of " + std::to_string(averages.size()) +
                         " tensors beside their chains",
                     "contract the file first, or take the key \"model\" for "
                     "the weights that were averaged");
  }
  return std::move(weights);
}

void write_weights(const Weights& weights, const std::string& path) {
  if (auto* write = writer_for(path)) {
    write(weights, path);
    return;
  }
  const auto ending = ending_of(path);
  throw_argument_error(
      in_quotes(path),
      "a file of weights must end in .safetensors, .pt or .pth",
      ending.empty() ? "no ending" : ending, "name it so");
}

bool has_weights_ending(const std::string& path) {
  return writer_for(path) != nullptr;
}

}  // namespace expandnet
