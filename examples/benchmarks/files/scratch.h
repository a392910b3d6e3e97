// scratch.h: a place for files that nobody keeps.
#pragma once

#include <c10/util/Exception.h>

#include <cstdlib>
#include <filesystem>
#include <string>
#include <system_error>

namespace expandnet::examples::bench {

/// A new folder among the system's temporary ones, which goes with its content.
class ScratchFolder {
 public:
  ScratchFolder() {
    auto name =
        (std::filesystem::temp_directory_path() / "expandnet-bench-XXXXXX")
            .string();
    TORCH_CHECK(::mkdtemp(name.data()) != nullptr,
                "expandnet-bench-files: a temporary folder must be made, got "
                "none at ",
                name, "; set TMPDIR");
    path_ = name;
  }
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace expandnet::examples::bench
