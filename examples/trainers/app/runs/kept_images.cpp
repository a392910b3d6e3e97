#include "trainers/app/runs/kept_images.h"

#include <c10/util/Exception.h>
#include <c10/util/hash.h>
#include <fmt/format.h>

#include <filesystem>

#include "base/error.h"
#include "base/read_file.h"
#include "base/text.h"
#include "trainers/app/runs/run_files.h"

namespace expandnet::examples {

std::string images_line(const std::string& set,
                        const std::vector<std::string>& names) {
  std::string all;
  for (const auto& name : names) all += name + "\n";
  return fmt::format("{}: {} {}, {}\n", set, names.size(),
                     names.size() == 1 ? "image" : "images",
                     c10::sha1(all).str());
}

KeptFile kept_images(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line;
  return {kImagesFile, text, "images",
          "restore them, or begin a new run by another --out"};
}

void check_images_of_run(const std::string& folder, const std::string& set,
                         const std::string& line, const std::string& data) {
  const auto file = (std::filesystem::path(folder) / kImagesFile).string();
  if (!std::filesystem::exists(file)) return;
  const auto lines = "\n" + read_file(file);
  TORCH_CHECK(lines.find("\n" + line) != std::string::npos,
              error_message("--data",
                            "the " + set +
                                " set must have the images that the run began "
                                "with",
                            "others in " + in_quotes(data) + " than in " +
                                in_quotes(file),
                            "restore them"));
}

}  // namespace expandnet::examples
