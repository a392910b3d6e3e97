#include "base/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

namespace {

/// An open file, closed at the end: a mapping needs it only to begin with.
class FileToMap {
 public:
  explicit FileToMap(const std::string& path) : path_(path) {
    // To open a pipe would wait for its writer.
    do {
      file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    } while (file_ < 0 && errno == EINTR);
    if (file_ < 0) throw_system_error("open", path_, errno);
  }
  ~FileToMap() {
    if (file_ >= 0) ::close(file_);
  }
  FileToMap(const FileToMap&) = delete;
  FileToMap& operator=(const FileToMap&) = delete;

  [[nodiscard]] std::size_t size() const {
    struct stat status = {};
    if (::fstat(file_, &status) != 0) {
      throw_system_error("open", path_, errno);
    }
    const std::string rule = "the path must name a file";
    if (S_ISDIR(status.st_mode)) {
      throw_file_error(in_quotes(path_), rule, "a folder", "name a file in it");
    }
    if (!S_ISREG(status.st_mode)) {
      throw_file_error(in_quotes(path_), rule, "a device or the like",
                       "copy its bytes to a file");
    }
    return static_cast<std::size_t>(status.st_size);
  }

  [[nodiscard]] char* map(std::size_t size) const {
    // Without MAP_NORESERVE, a file larger than memory would be refused: it
    // might be written to all over.
    void* data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_NORESERVE, file_, 0);
    if (data == MAP_FAILED) {
      throw_system_error("map", path_, errno,
                         errno == ENOMEM
                             ? "raise the limit on address space (ulimit -v)"
                             : "");
    }
    return static_cast<char*>(data);
  }

 private:
  const std::string& path_;
  int file_ = -1;
};

}  // namespace

MappedFile::MappedFile(std::string path) : path_(std::move(path)) {
  const FileToMap file(path_);
  size_ = file.size();
  if (size_ > 0) data_ = file.map(size_);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

}  // namespace expandnet
