// mapped_file.h: the bytes of a file as memory, read when they are touched.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace expandnet {

/// All bytes of a regular file, mapped: none is read before it is touched, and
/// what nobody writes to is shared with all who read the file.
///
/// Writing to the bytes is allowed and changes this mapping alone, page by page
/// (copy on write), never the file. The file may be removed or replaced
/// meanwhile, as AtomicFile does; the bytes stay. It may not be changed in
/// place: changes may show, and to touch what was cut off ends the program.
/// Whatever points into the bytes shares the mapping:
///
///     auto file = std::make_shared<const MappedFile>("net.safetensors");
class MappedFile {
 public:
  /// Throws `std::runtime_error` unless `path` is a regular file that may be
  /// read and memory has room for. Links are followed.
  explicit MappedFile(std::string path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// As given, for messages.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The first byte, at the beginning of a page; null if the file is empty.
  [[nodiscard]] char* data() const { return data_; }
  /// In bytes.
  [[nodiscard]] std::size_t size() const { return size_; }
  /// The whole file.
  [[nodiscard]] std::string_view bytes() const { return {data_, size_}; }

 private:
  std::string path_;
  char* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace expandnet
