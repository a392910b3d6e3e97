#include <expandnet/io/pytorch/pytorch_file.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <expandnet/io/weights_file.h>

#include <algorithm>
#include <array>
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

[[noreturn]] void refuse_format(const std::string& where,
                                const std::string& value,
                                const std::string& remedy) {
  throw_file_error(where, "a file of weights must be of safetensors or PyTorch",
                   value, remedy);
}

bool has_magic(std::string_view bytes, std::string_view magic) {
  return bytes.substr(0, magic.size()) == magic;
}

/// Whether a browser would show it as a page.
bool is_page(std::string_view bytes) {
  const auto begin = bytes.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return false;
  std::string first(bytes.substr(begin, 9));
  std::transform(first.begin(), first.end(), first.begin(), [](char letter) {
    return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32)
                                          : letter;
  });
  return has_magic(first, "<!doctype") || has_magic(first, "<html");
}

/// Throws for files that stand where one of weights should.
void refuse_stand_ins(const std::string& where, std::string_view bytes) {
  using namespace std::string_view_literals;
  struct Packer {
    std::string_view magic;
    const char* name;
  };
  constexpr std::array<Packer, 4> kPackers = {{{"\x1f\x8b"sv, "gzip"},
                                               {"BZh"sv, "bzip2"},
                                               {"\xfd\x37zXZ\0"sv, "xz"},
                                               {"\x28\xb5\x2f\xfd"sv, "zstd"}}};
  for (const auto& packer : kPackers) {
    if (!has_magic(bytes, packer.magic)) continue;
    refuse_format(where, std::string("one packed by ") + packer.name,
                  "unpack it");
  }
  if (has_magic(bytes, "version https://git-lfs")) {
    refuse_format(where, "a pointer of git-lfs", "fetch it with git lfs pull");
  }
  if (is_page(bytes)) {
    refuse_format(where, "a page of HTML",
                  "fetch the file itself, which that page may link");
  }
}

/// Throws for a zip file that others have packed around files of weights.
void refuse_packed(const std::string& where, const ZipArchive& zip) {
  const bool has_pickle = std::any_of(
      zip.entries().begin(), zip.entries().end(), [](const auto& entry) {
        const std::filesystem::path path{std::string(entry.name)};
        return path.filename() == "data.pkl";
      });
  if (has_pickle) return;
  for (const auto& entry : zip.entries()) {
    const auto ending =
        std::filesystem::path(std::string(entry.name)).extension();
    for (const auto* known : {".pth", ".pt", ".safetensors", ".bin", ".ckpt"}) {
      if (ending != known) continue;
      refuse_format(where, "a zip file around " + quoted_name(entry.name),
                    "unpack it");
    }
  }
}

/// The format that the first bytes tell; PyTorch's is a zip file, or a pickle
/// before 1.6.
WeightsFormat format_of(const std::string& where, std::string_view bytes) {
  // The length of a header and its brace; Python's pickles begin with 0x80.
  if (bytes.size() > 8 && bytes[8] == '{') return WeightsFormat::kSafetensors;
  if (bytes.substr(0, 4) == "PK\x03\x04" || bytes.substr(0, 1) == "\x80" ||
      is_tar(bytes)) {
    return WeightsFormat::kPyTorch;
  }
  refuse_stand_ins(where, bytes);
  const auto first = bytes.substr(0, 4);
  refuse_format(where,
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
  refuse_packed(where, zip);
  if (!is_libtorch_archive(zip)) {
    return with_layout(read_pytorch(file, std::move(zip), key));
  }
  if (!key.empty() && key != kModelKey) refuse_key(where, key);
  return {read_libtorch_archive(
      *file, zip, key.empty() ? Averages::kTaken : Averages::kLeftOut)};
}

/// Tensors that safetensors' save_model has left out, since another shares
/// their memory: the metadata give its name. A note says so where the names
/// alone do not: other texts may be names of tensors, too.
void add_tied(Weights& weights) {
  std::map<std::string, at::Tensor> tensors(weights.tensors.begin(),
                                            weights.tensors.end());
  auto& metadata = weights.metadata;
  for (auto entry = metadata.begin(); entry != metadata.end();) {
    const auto& [name, other] = *entry;
    const auto found = tensors.find(other);
    const bool is_tied = found != tensors.end() && tensors.count(name) == 0;
    if (is_tied) weights.tensors.emplace_back(name, found->second);
    if (is_tied && split_last(name).second != split_last(other).second) {
      weights.notes.push_back(quoted_name(name) + " is " + quoted_name(other) +
                              ", as the metadata say");
    }
    entry = is_tied ? metadata.erase(entry) : std::next(entry);
  }
}

}  // namespace

TrainedWeights read_trained_weights(const std::string& path,
                                    const std::string& key,
                                    WrapperNames names) {
  FileContent content;
  const auto read = [&](const std::string& part) {
    return read_one_file(part, key).trained.weights;
  };
  if (is_shard_index(path)) {
    content.trained.weights = read_shards(path, read);
  } else {
    refuse_single_shard(path);
    content = read_one_file(path, key);
    refuse_numbered_part(path, content.trained.weights, read);
  }
  add_tied(content.trained.weights);
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
