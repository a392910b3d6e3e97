// kept_file.h: reads files about the images from a run's folder.
#pragma once

#include <c10/util/Exception.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/read_file.h"

namespace expandnet::examples {

/// Returns the content of a file in a run's folder, parsed by `read`. Throws
/// `c10::Error`, in the name of the program, if the file does not exist or
/// `read` throws `std::runtime_error`.
template <typename Read>
auto kept_in(const std::string& program, const std::string& folder,
             const std::string& name, Read read) {
  const auto path = (std::filesystem::path(folder) / name).string();
  TORCH_CHECK(std::filesystem::exists(path),
              error_message(program, "a run's folder must hold " + name,
                            "none in \"" + folder + "\"",
                            "name one that train has made"));
  try {
    return read(read_file(path));
  } catch (const std::runtime_error& error) {
    TORCH_CHECK(false,
                error_message(program, name + " must be as train has made it",
                              "\"" + path + "\" (" + error.what() + ")"));
  }
}

}  // namespace expandnet::examples
