// output_file.h: whether a file can be written, before there is something to
// write.
#pragma once

#include <expandnet/base/atomic_file.h>

#include <string>

namespace expandnet::examples {

/// Throws as `write_file_atomically` would; writes nothing.
inline void check_writable(const std::string& path) {
  const AtomicFile file(path);
}

}  // namespace expandnet::examples
