// lists.h: the lists of images in a data set, by their names.
#pragma once

#include <expandnet/data/sets/voc.h>

#include <functional>
#include <string>
#include <vector>

namespace expandnet::examples {

/// The uses of VOC's lists: boxes and masks.
inline constexpr const char* kBoxUse = "Main";
inline constexpr const char* kMaskUse = "Segmentation";

/// Names of lists: of VOC "trainval", of all years, or "2007/test".
using Lists = std::vector<std::string>;

/// The lists of each set.
struct ListChoice {
  Lists training;
  Lists validation;
  Lists test;
};

/// Those that are named, else the usual ones, which are only asked for where
/// some are not named. Images to validate on are the usual ones only where
/// those to train on are, too.
[[nodiscard]] ListChoice choose_lists(const ListChoice& named,
                                      const std::function<ListChoice()>& usual);

/// Lists in folders of VOC, as "2007/test" or, of all years, "test" name them,
/// for a use. Throws `c10::Error` for a year or a list that is not there, and
/// as `voc_years` does.
[[nodiscard]] std::vector<data::VocPart> voc_parts(const std::string& root,
                                                   const std::string& use,
                                                   const Lists& lists);

/// The folders of VOC's years that have what a use needs. Throws
/// `std::runtime_error` where there is none.
[[nodiscard]] std::vector<std::string> voc_years(const std::string& root,
                                                 const std::string& use);
/// Whether a folder of VOC is that of a year: "2007" or "VOC2007".
[[nodiscard]] bool is_voc_year(const std::string& folder,
                               const std::string& year);
/// Whether the folder is that of one year of VOC itself.
[[nodiscard]] bool is_one_voc_year(const std::string& folder);
/// Whether a year has a list for a use.
[[nodiscard]] bool has_voc_list(const std::string& year, const std::string& use,
                                const std::string& list);
/// Of the folder of one year: train, and val and test where they are.
[[nodiscard]] ListChoice lists_of_voc_year(const std::string& year,
                                           const std::string& use);
/// Throws `c10::Error` where a file or a folder of a list is not there.
void check_has_list(const std::string& name,
                    const std::vector<std::string>& paths);
/// Folders in `folder` that are named so: train, and val and test where they
/// are.
[[nodiscard]] ListChoice lists_in_folder(const std::string& folder);

}  // namespace expandnet::examples
