// find_files.h: finds the files of a data set.
#pragma once

#include <string>
#include <vector>

namespace expandnet::data {

struct FileQuery {
  std::string where;                    ///< the caller, for the message
  std::vector<std::string> folders;     ///< in the order of the search
  std::vector<std::string> names;       ///< one folder must contain all of
                                        ///< these
  std::vector<std::string> extensions;  ///< alternatives for each name; "" is
                                        ///< possible
  std::string remedy;
};

/// Returns a path for each name, from the first folder that contains all.
///
/// Throws `std::runtime_error`, with the folders and what is missing in each.
[[nodiscard]] std::vector<std::string> find_files(const FileQuery& query);

}  // namespace expandnet::data
