#include "trainers/app/runs/run_claim.h"

#include <expandnet/base/atomic_file.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <utility>

#include "base/error.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

namespace {

/// Whether `path` still names this open file: who had it before may have
/// removed it after it was opened here.
bool is_at(const std::string& path, int file) {
  struct stat opened {};
  struct stat named {};
  return ::fstat(file, &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool has_no_locks(int error) {
  return error == ENOSYS || error == ENOLCK || error == EOPNOTSUPP;
}

}  // namespace

RunClaim::RunClaim(std::string path, int file)
    : path_(std::move(path)), file_(file) {}

std::unique_ptr<RunClaim> RunClaim::try_for(const std::string& folder) {
  const auto path = (std::filesystem::path(folder) / kClaimFile).string();
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0666);
  if (file < 0) throw_system_error("open", path, errno);
  // NOLINTNEXTLINE(cppcoreguidelines-owning-memory): the constructor is private
  std::unique_ptr<RunClaim> claim(new RunClaim(path, file));
  if (::flock(file, LOCK_EX | LOCK_NB) != 0 && !has_no_locks(errno)) {
    const int error = errno;
    claim->path_.clear();  // it is another's
    if (error == EWOULDBLOCK || error == EINTR) return nullptr;
    throw_system_error("lock", path, error);
  }
  if (!is_at(path, file)) {
    claim->path_.clear();
    return nullptr;
  }
  remove_unfinished_files(folder);
  return claim;
}

RunClaim::~RunClaim() {
  // Removed while it is still locked, so that who opens it next has a new one.
  if (!path_.empty()) ::unlink(path_.c_str());
  ::close(file_);
}

}  // namespace expandnet::examples
