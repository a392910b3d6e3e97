#include <expandnet/data/sets/idx.h>

#include "data/sets/gzip_file.h"
#include "data/sets/parse_idx.h"

namespace expandnet::data {

IdxArray read_idx(const std::string& path, std::size_t dimensions) {
  GzipFile file(kReadIdx, path);
  return parse_idx(file, path, dimensions);
}

}  // namespace expandnet::data
