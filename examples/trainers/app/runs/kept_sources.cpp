#include "trainers/app/runs/kept_sources.h"

#include <c10/util/Exception.h>
#include <c10/util/hash.h>
#include <expandnet/base/atomic_file.h>
#include <expandnet/io/pytorch/pytorch_file.h>

#include <filesystem>

#include "base/error.h"
#include "base/mapped_file.h"
#include "base/read_file.h"
#include "base/text.h"
#include "trainers/app/runs/fine_tuning.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

/// SHA-1 of the teacher's file, or of what a run's folder has of its net, in
/// lines as sha1sum prints them.
std::string teacher_digest(const std::string& teacher) {
  std::vector<fs::path> files = {teacher};
  if (fs::is_directory(teacher)) {
    files = {fs::path(teacher) / kWeightsFile, fs::path(teacher) / kScriptFile};
  }
  std::string digest;
  for (const auto& file : files) {
    if (!fs::exists(file)) continue;
    digest += c10::sha1(read_file(file.string())).str() + "  " +
              file.filename().string() + "\n";
  }
  return digest;
}

}  // namespace

void keep_start(const Settings& settings,
                const std::vector<std::string>& runs) {
  if (settings.fine_tuning.weights.empty()) return;
  const auto first = (fs::path(settings.out) / kStartFile).string();
  if (!fs::exists(first)) {
    write_pytorch(starting_weights(settings.fine_tuning), first);
  }
  for (const auto& run : runs) {
    const auto own = (fs::path(run) / kStartFile).string();
    if (fs::exists(own)) continue;
    write_file_atomically(own, MappedFile(first).bytes());
  }
}

void keep_teacher(const Settings& settings,
                  const std::vector<std::string>& runs) {
  if (settings.teacher.empty()) return;
  const auto digest = teacher_digest(settings.teacher);
  auto folders = runs;
  folders.push_back(settings.out);
  for (const auto& folder : folders) {
    const auto own = (fs::path(folder) / kTeacherFile).string();
    TORCH_CHECK(
        !fs::exists(own) || read_file(own) == digest,
        error_message("--teacher",
                      "a run goes on with the teacher that it began with",
                      in_quotes(settings.teacher) + ", which has changed since",
                      "name another folder by --out"));
    write_file_atomically(own, digest);
  }
}

}  // namespace expandnet::examples
