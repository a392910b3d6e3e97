#include "trainers/segmentation/mask_page.h"

#include <expandnet/data/images/label_image.h>
#include <fmt/format.h>

#include <cstddef>

#include "drawing/boxes.h"
#include "drawing/png_writer.h"
#include "trainers/annotated/pages.h"

namespace expandnet::examples {

namespace {

constexpr const char* kMaskStyle = R"(img { max-width: 20em; min-width: 8em; }
.class { border-left: 1em solid; padding-left: .3em; margin-right: 1em; }
)";

std::string legend_of(const std::vector<std::string>& classes) {
  std::string legend = "<p>";
  for (std::size_t i = 0; i < classes.size(); ++i) {
    legend += fmt::format(
        "<span class=\"class\" style=\"border-color: {}\">{}</span>\n",
        html_of(voc_palette()[i]), escaped(classes[i]));
  }
  return legend + "</p>\n";
}

std::string share_in_words(const JudgedMask& image) {
  if (image.counted == 0) return "no pixel counts";
  return fmt::format("{:.1f} % of the pixels",
                     100 * static_cast<double>(image.right) /
                         static_cast<double>(image.counted));
}

}  // namespace

void judge(JudgedMask& image, const std::vector<std::uint8_t>& mask,
           const std::vector<std::uint8_t>& labels) {
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (labels[i] == data::kIgnoredLabel) continue;
    ++image.counted;
    if (mask[i] == labels[i]) ++image.right;
  }
}

std::string masks_html(const std::vector<JudgedMask>& images,
                       const std::vector<std::string>& classes) {
  auto page = start_of_page("Classes found, and meant", kMaskStyle);
  page += legend_of(classes);
  for (const auto& image : images) {
    page += fmt::format(
        "<figure><img src=\"{}\" alt=\"found\" title=\"found\">\n"
        "<img src=\"{}\" alt=\"meant\" title=\"meant\">\n"
        "<figcaption>{}: {}</figcaption></figure>\n",
        address(image.found), address(image.meant), escaped(image.path),
        share_in_words(image));
  }
  return page + "</html>\n";
}

}  // namespace expandnet::examples
