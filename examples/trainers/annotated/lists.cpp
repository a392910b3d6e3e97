#include "trainers/annotated/lists.h"

#include <c10/util/Exception.h>
#include <expandnet/data/sets/voc_masks.h>

#include <filesystem>
#include <utility>

#include "base/error.h"
#include "base/text.h"

namespace expandnet::examples {

namespace {

namespace fs = std::filesystem;

constexpr const char* kOtherLists =
    "name others by --train-lists, --val-lists and --test-lists";

std::string voc_list_path(const std::string& year, const std::string& use,
                          const std::string& list) {
  return (fs::path(year) / "ImageSets" / use / (list + ".txt")).string();
}

}  // namespace

ListChoice choose_lists(const ListChoice& named,
                        const std::function<ListChoice()>& usual) {
  auto lists = named;
  // What is named is asked of no folder: it may hold something else.
  if (!named.training.empty() && !named.validation.empty() &&
      !named.test.empty()) {
    return lists;
  }
  const auto others = usual();
  if (lists.training.empty()) {
    lists.training = others.training;
    if (lists.validation.empty()) lists.validation = others.validation;
  }
  if (lists.test.empty()) lists.test = others.test;
  return lists;
}

std::vector<data::VocPart> voc_parts(const std::string& root,
                                     const std::string& use,
                                     const Lists& lists) {
  const auto years = voc_years(root, use);
  std::vector<data::VocPart> parts;
  for (const auto& name : lists) {
    const auto slash = name.find('/');
    const bool of_all = slash == std::string::npos;
    const auto year = of_all ? std::string() : name.substr(0, slash);
    const auto list = of_all ? name : name.substr(slash + 1);
    const auto before = parts.size();
    for (const auto& folder : years) {
      if (!of_all && !is_voc_year(folder, year)) continue;
      TORCH_CHECK(
          has_voc_list(folder, use, list),
          error_message("--data", "must hold the list " + name,
                        "no " + in_quotes(voc_list_path(folder, use, list)),
                        kOtherLists));
      parts.push_back({folder, list});
    }
    TORCH_CHECK(parts.size() > before,
                error_message("--data", "must hold the year of " + name,
                              "none in \"" + root + "\"",
                              "name a year as 2012 or VOC2012"));
  }
  return parts;
}

std::vector<std::string> voc_years(const std::string& root,
                                   const std::string& use) {
  return use == kMaskUse ? data::voc_mask_folders(root)
                         : data::voc_folders(root);
}

bool is_voc_year(const std::string& folder, const std::string& year) {
  // A link is of the year that it is called by.
  const auto path = fs::absolute(folder).lexically_normal();
  const auto name =
      (path.has_filename() ? path : path.parent_path()).filename().string();
  return name == year || name == "VOC" + year;
}

bool is_one_voc_year(const std::string& folder) {
  return fs::is_directory(fs::path(folder) / "ImageSets");
}

bool has_voc_list(const std::string& year, const std::string& use,
                  const std::string& list) {
  return fs::exists(voc_list_path(year, use, list));
}

ListChoice lists_of_voc_year(const std::string& year, const std::string& use) {
  ListChoice usual = {{"train"}, {}, {}};
  if (has_voc_list(year, use, "val")) usual.validation = {"val"};
  if (has_voc_list(year, use, "test")) usual.test = {"test"};
  return usual;
}

void check_has_list(const std::string& name,
                    const std::vector<std::string>& paths) {
  for (const auto& path : paths) {
    TORCH_CHECK(fs::exists(path),
                error_message("--data", "must hold the list " + name,
                              "no " + in_quotes(path), kOtherLists));
  }
}

ListChoice lists_in_folder(const std::string& folder) {
  ListChoice usual = {{"train"}, {}, {}};
  if (fs::is_directory(fs::path(folder) / "val")) usual.validation = {"val"};
  if (fs::is_directory(fs::path(folder) / "test")) usual.test = {"test"};
  return usual;
}

}  // namespace expandnet::examples
