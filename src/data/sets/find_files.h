// find_files.h: finds the files of a data set, or says where it looked.
#pragma once

#include <string>
#include <vector>

namespace expandnet::data {

struct FileQuery {
  std::string where;                    ///< who asks, for the message
  std::vector<std::string> folders;     ///< in the order they are tried
  std::vector<std::string> names;       ///< one folder must hold all of these
  std::vector<std::string> extensions;  ///< each name has one; "" is one too
  std::string remedy;
};

/// Returns a path for each name, from the first folder that holds all.
///
/// Throws `std::runtime_error` that names the folders and what each lacks.
[[nodiscard]] std::vector<std::string> find_files(const FileQuery& query);

}  // namespace expandnet::data
