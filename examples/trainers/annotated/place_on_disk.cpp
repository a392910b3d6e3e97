#include "trainers/annotated/place_on_disk.h"

#include <filesystem>
#include <system_error>

namespace expandnet::examples {

std::string place_on_disk(const std::string& path) {
  namespace fs = std::filesystem;
  std::error_code error;
  auto place = fs::canonical(path, error);  // the fast way for what is there
  if (!error) return place.string();
  place = fs::weakly_canonical(fs::absolute(path, error), error);
  if (error) return path;
  // "folder/" is the folder.
  return (place.has_filename() ? place : place.parent_path()).string();
}

}  // namespace expandnet::examples
