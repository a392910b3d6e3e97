#include <c10/util/Exception.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/train/checkpoints.h>
#include <torch/serialize/archive.h>

#include <exception>
#include <filesystem>
#include <optional>
#include <utility>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/read_file.h"
#include "io/pytorch/checkpoint_keys.h"
#include "io/pytorch/libtorch_file.h"
#include "train/parts.h"
#include "train/saved_history.h"

namespace expandnet::train {

namespace {

/// The content of rank 0's file; nothing, on all ranks, where it has none.
std::string content_at_first(const std::string& path,
                             distributed::ProcessGroup& ranks) {
  std::string content;
  try {
    if (ranks.is_first()) content = read_file(path);
  } catch (const std::exception&) {
    // All ranks refuse a file without content.
  }
  return ranks.broadcast(content);
}

/// Calls what reads a checkpoint, and names the file in what that throws.
template <typename Read>
void read_checkpoint(const std::string& path, const Read& read) {
  try {
    read();
  } catch (const std::exception& error) {
    throw_file_error("Checkpoints",
                     "a checkpoint must be whole and of this library",
                     "\"" + path + "\" (" + message_of(error) + ")",
                     "use another checkpoint, or train in another folder");
  }
}

/// Opens a checkpoint and returns the configuration that is in it.
std::string open_checkpoint(const std::string& path, c10::Device device,
                            torch::serialize::InputArchive& archive,
                            distributed::ProcessGroup* ranks = nullptr) {
  if (ranks == nullptr && !std::filesystem::exists(path)) {
    throw_file_error("Checkpoints", "a run must have a checkpoint",
                     "none in \"" + path + "\"",
                     "each epoch writes one at its end");
  }
  const auto content = ranks != nullptr ? content_at_first(path, *ranks) : "";
  std::string text;
  read_checkpoint(path, [&] {
    std::optional<MappedFile> file;
    if (ranks == nullptr) file.emplace(path);
    open_libtorch_file("the file", file ? file->bytes() : content, device,
                       archive);
  });
  check_format_version(archive, path);
  read_checkpoint(path, [&] {
    c10::IValue configuration;
    archive.read(kConfigurationKey, configuration);
    text = configuration.toStringRef();
  });
  return text;
}

}  // namespace

Checkpoints::Checkpoints(std::string folder, std::string configuration,
                         distributed::ProcessGroup* ranks, SameRun same_run)
    : folder_(std::move(folder)),
      configuration_(std::move(configuration)),
      ranks_(ranks),
      same_run_(std::move(same_run)) {}

bool Checkpoints::writes() const {
  return ranks_ == nullptr || ranks_->is_first();
}

std::string Checkpoints::last_path() const {
  return (std::filesystem::path(folder_) / "last.pt").string();
}

std::string Checkpoints::best_path() const {
  return (std::filesystem::path(folder_) / "best.pt").string();
}

bool Checkpoints::has_last() const {
  const bool is_there = writes() && std::filesystem::exists(last_path());
  return ranks_ != nullptr ? ranks_->any(is_there) : is_there;
}

void Checkpoints::save_last(const Training& training) const {
  torch::serialize::OutputArchive archive;
  training.save(archive);
  if (!writes()) return;
  archive.write(kConfigurationKey, c10::IValue(configuration_));
  save_atomically(archive, last_path());
}

/// What has been saved last is the best: a second name for the same file.
void Checkpoints::keep_best() const {
  if (!writes()) return;
  const auto link = best_path() + ".tmp";
  std::error_code failure;
  std::filesystem::remove(link, failure);
  std::filesystem::create_hard_link(last_path(), link, failure);
  if (failure) {  // some file systems have no links
    write_file_atomically(best_path(), read_file(last_path()));
  } else {
    std::filesystem::rename(link, best_path());
    // Still there where both were names of one file already.
    std::filesystem::remove(link, failure);
  }
}

void Checkpoints::on_epoch(const Training& training) {
  save_last(training);
  if (training.best_epoch() == training.epoch()) keep_best();
}

void Checkpoints::open(const std::string& path, c10::Device device,
                       torch::serialize::InputArchive& archive) const {
  const auto saved = open_checkpoint(path, device, archive, ranks_);
  TORCH_CHECK(
      same_run_ ? same_run_(saved, configuration_) : saved == configuration_,
      error_message(
          "Checkpoints", "a run goes on as it was configured",
          c10::str("a checkpoint of another configuration in \"", path, "\""),
          "name another folder"));
}

void Checkpoints::load_last(Training& training) const {
  torch::serialize::InputArchive archive;
  open(last_path(), training.options().device, archive);
  read_checkpoint(last_path(), [&] { training.load(archive); });
  // The run may have been killed between the two files.
  if (training.iteration() == 0 && training.epoch() > 0 &&
      training.best_epoch() == training.epoch()) {
    keep_best();
  }
}

void Checkpoints::load_best(Training& training) const {
  torch::serialize::InputArchive archive;
  open(best_path(), training.options().device, archive);
  read_checkpoint(best_path(), [&] { training.load_weights(archive); });
}

void save_atomically(torch::serialize::OutputArchive& archive,
                     const std::string& path) {
  AtomicFile file(path);
  // LibTorch's writer ends the program if it is told of a failure: it goes on
  // writing as it is destroyed. So it hears of none.
  std::exception_ptr failure;
  archive.save_to([&](const void* bytes, std::size_t count) {
    try {
      if (failure == nullptr) file.write(bytes, count);
    } catch (...) {
      failure = std::current_exception();
    }
    return count;
  });
  if (failure != nullptr) std::rethrow_exception(failure);
  file.commit();
}

void load_weights(const std::string& path, torch::nn::Module& module,
                  Expansion* expansion, ExponentialMovingAverage* average) {
  torch::serialize::InputArchive archive;
  const auto parameters = module.parameters();
  open_checkpoint(
      path,
      parameters.empty() ? c10::Device(c10::kCPU) : parameters.front().device(),
      archive);
  read_checkpoint(path, [&] {
    load_part(archive, kModelKey, module);
    if (expansion != nullptr) load_part(archive, kExpansionKey, *expansion);
    if (average != nullptr) load_part(archive, kAverageKey, *average);
  });
}

}  // namespace expandnet::train
