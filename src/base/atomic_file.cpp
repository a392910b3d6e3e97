#include <expandnet/base/atomic_file.h>
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

namespace {

/// Some systems refuse to write INT_MAX bytes or more in one call.
constexpr std::size_t kLargestWrite = std::size_t{1} << 30;

/// Empty where there is nothing to say.
const char* remedy_of(int error) {
  switch (error) {
    case ENOENT:
    case ENOTDIR:
      return "make the folder first";
    case EACCES:
    case EPERM:
    case EROFS:
      return "choose a folder that you may write to";
    case ENOSPC:
    case EDQUOT:
      return "free some space or choose another folder";
    case EFBIG:
      return "raise the limit on the size of files (ulimit -f) or choose "
             "another disk";
    case ENAMETOOLONG:
      return "choose a shorter name";
    case EMFILE:
    case ENFILE:
      return "close other files or raise the limit on open ones (ulimit -n)";
    case ELOOP:
      return "remove the link that leads back to itself";
    default:
      return "";
  }
}

[[noreturn]] void fail_to_write(const std::string& path, int error) {
  throw_system_error("write", path, error, remedy_of(error));
}

/// The result of a POSIX call, made again while signals interrupt it.
template <typename Call>
auto uninterrupted(const Call& call) {
  auto result = call();
  while (result == -1 && errno == EINTR) result = call();
  return result;
}

/// The absolute path of what `path` names, links followed: also of a last link
/// that points to nothing yet, which is why `canonical` does not serve.
std::filesystem::path file_to_replace(const std::string& path) {
  namespace fs = std::filesystem;
  const auto refuse = [](const std::string& value, const std::string& remedy) {
    throw_file_error("AtomicFile", "path must name a file", value, remedy);
  };
  if (fs::path(path).filename().empty()) {
    refuse(in_quotes(path), "end it with the name of a file");
  }
  std::error_code error;
  switch (fs::status(path, error).type()) {
    case fs::file_type::regular:
    case fs::file_type::not_found:
      break;
    case fs::file_type::none:
      fail_to_write(path, error.value());
    case fs::file_type::directory:
      refuse("the folder " + in_quotes(path), "name a file in it");
      break;
    default:
      refuse(in_quotes(path) + ", which is a device or the like",
             "choose another path");
  }

  auto target = fs::absolute(path, error);
  std::error_code ignored;  // being nothing yet is no error
  while (!error && fs::is_symlink(target, ignored)) {
    target = target.parent_path() / fs::read_symlink(target, error);
  }
  if (error) fail_to_write(path, error.value());
  return target;
}

/// Makes the names in the folder last; returns an error, 0 for none.
int sync_folder(const std::filesystem::path& folder) {
  const auto descriptor = uninterrupted([&] {
    return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  });
  if (descriptor < 0) return errno;
  const auto failed = uninterrupted([&] { return ::fsync(descriptor); }) != 0;
  // Some network file systems know no fsync of folders.
  const auto error = failed && errno != EINVAL ? errno : 0;
  ::close(descriptor);
  return error;
}

}  // namespace

AtomicFile::AtomicFile(std::string path)
    : path_(std::move(path)), target_(file_to_replace(path_)) {
  static std::atomic<std::uint64_t> count{0};
  const auto prefix = "." + target_.filename().string() + "." +
                      std::to_string(::getpid()) + ".";
  // A name may be taken: in containers, process numbers come again.
  do {
    temporary_ = target_.parent_path() /
                 (prefix + std::to_string(count.fetch_add(1)) + ".tmp");
    file_ = uninterrupted([&] {
      return ::open(temporary_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    0666);
    });
  } while (file_ < 0 && errno == EEXIST);
  if (file_ < 0) fail_to_write(path_, errno);
}

AtomicFile::~AtomicFile() { discard(); }

void AtomicFile::write(const void* bytes, std::size_t count) {
  check_open("a write");
  const auto* next = static_cast<const char*>(bytes);
  while (count > 0) {
    const auto written = uninterrupted(
        [&] { return ::write(file_, next, std::min(count, kLargestWrite)); });
    if (written < 0) discard_and_fail(errno);
    next += written;
    count -= static_cast<std::size_t>(written);
  }
}

void AtomicFile::commit() {
  check_open("a commit");
  if (uninterrupted([&] { return ::fsync(file_); }) != 0) {
    discard_and_fail(errno);
  }
  if (std::rename(temporary_.c_str(), target_.c_str()) != 0) {
    discard_and_fail(errno);
  }
  // All is on the disk: closing has nothing left that could fail.
  ::close(std::exchange(file_, -1));
  const auto error = sync_folder(target_.parent_path());
  if (error != 0) fail_to_write(path_, error);
}

void AtomicFile::check_open(const char* action) const {
  if (file_ >= 0) return;
  throw_file_error("AtomicFile", in_quotes(path_) + " must be open",
                   std::string(action) + " after a commit or a failure",
                   "make another AtomicFile");
}

void AtomicFile::discard() noexcept {
  if (file_ < 0) return;
  ::close(std::exchange(file_, -1));
  ::unlink(temporary_.c_str());
}

void AtomicFile::discard_and_fail(int error) {
  discard();
  fail_to_write(path_, error);
}

bool is_unfinished_file(const std::string& name) {
  // From the end: "tmp", two numbers, and a name that may have dots.
  std::string_view rest = name;
  const auto take_last_part = [&rest] {
    const auto dot = rest.rfind('.');
    if (dot == std::string_view::npos) return std::string_view();
    const auto part = rest.substr(dot + 1);
    rest = rest.substr(0, dot);
    return part;
  };
  const auto is_number = [](std::string_view part) {
    return !part.empty() &&
           part.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return take_last_part() == "tmp" && is_number(take_last_part()) &&
         is_number(take_last_part()) && rest.size() > 1 && rest[0] == '.';
}

void remove_unfinished_files(const std::string& folder) {
  namespace fs = std::filesystem;
  std::error_code error;
  std::vector<fs::path> unfinished;
  for (fs::recursive_directory_iterator entry(folder, error), end;
       !error && entry != end; entry.increment(error)) {
    const auto& path = entry->path();
    if (is_unfinished_file(path.filename().string()))
      unfinished.push_back(path);
  }
  for (const auto& path : unfinished) fs::remove(path, error);
}

void write_file_atomically(const std::string& path, std::string_view content) {
  AtomicFile file(path);
  file.write(content.data(), content.size());
  file.commit();
}

}  // namespace expandnet
