#include <expandnet/data/sets/cifar.h>

#include "data/sets/gzip_file.h"
#include "data/sets/parse_cifar.h"

namespace expandnet::data {

CifarRecords read_cifar(const std::string& path, Cifar kind) {
  GzipFile file(kReadCifar, path);
  return parse_cifar(file, path, kind);
}

}  // namespace expandnet::data
