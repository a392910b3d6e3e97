#include "data/sets/gzip_file.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::data {

namespace {

// What is asked for at a time doubles, so that a small file takes little.
constexpr std::size_t kGzipFirstChunk = std::size_t{1} << 12U;
constexpr std::size_t kGzipLastChunk = std::size_t{1} << 20U;

}  // namespace

GzipFile::GzipFile(std::string where, std::string path)
    : where_(std::move(where)),
      path_(std::move(path)),
      file_(nullptr, gzclose) {
  errno = 0;
  file_.reset(gzopen(path_.c_str(), "rb"));
  // zlib sets no errno where it finds no memory.
  if (!file_) throw_system_error("open", path_, errno == 0 ? ENOMEM : errno);
}

std::vector<std::uint8_t> GzipFile::read(std::size_t count) {
  std::vector<std::uint8_t> bytes;
  while (bytes.size() < count) {
    const auto begin = bytes.size();
    const auto chunk = std::clamp(begin, kGzipFirstChunk, kGzipLastChunk);
    const auto wanted = std::min(count - begin, chunk);
    bytes.resize(begin + wanted);
    const auto got = gzread(file_.get(), bytes.data() + begin,
                            static_cast<unsigned>(wanted));
    // Data that are cut short end as an empty read, with an error.
    int error = Z_OK;
    std::string message = gzerror(file_.get(), &error);
    if (error == Z_ERRNO) throw_system_error("read", path_, errno);
    if (got < 0 || error != Z_OK) {
      if (message.rfind(path_ + ": ", 0) == 0) {
        message.erase(0, path_.size() + 2);
      }
      throw_file_error(where_, "the file must be whole",
                       in_quotes(path_) + ": " + message, "fetch it again");
    }
    bytes.resize(begin + static_cast<std::size_t>(got));
    if (static_cast<std::size_t>(got) < wanted) break;
  }
  return bytes;
}

}  // namespace expandnet::data
