// mapped_file.h: a file mapped into memory, read when it is used.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace expandnet {

/// All bytes of a regular file, mapped into memory. Pages are read when they
/// are used; pages that are not written to are shared with all readers of the
/// file.
///
/// Writing to the bytes changes only this mapping, page by page (copy on
/// write), never the file. Meanwhile the file may be removed or replaced, as
/// AtomicFile does; the bytes stay. It must not be changed in place: changes
/// may become visible, and an access beyond a truncated end terminates the
/// program. Everything that points into the bytes shares the mapping:
///
///     auto file = std::make_shared<const MappedFile>("net.safetensors");
class MappedFile {
 public:
  /// Throws `std::runtime_error` unless `path` is a readable regular file that
  /// fits into memory. Follows links.
  explicit MappedFile(std::string path);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  /// As given, for messages.
  [[nodiscard]] const std::string& path() const { return path_; }
  /// The first byte, at the start of a page; null if the file is empty.
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
