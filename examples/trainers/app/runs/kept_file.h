// kept_file.h: what a run's folder keeps of its images.
#pragma once

#include <c10/util/Exception.h>

#include <filesystem>
#include <stdexcept>
#include <string>

#include "base/error.h"
#include "base/read_file.h"

namespace expandnet::examples {

/// What a file of a run's folder holds, as `read` reads its text. Throws
/// `c10::Error`, by the name of the program, where there is none, and for one
/// of which `read` throws `std::runtime_error`.
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
