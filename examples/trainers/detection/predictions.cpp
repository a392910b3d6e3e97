#include "trainers/detection/predictions.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <nlohmann/json.hpp>
#include <utility>

#include "drawing/boxes.h"
#include "trainers/annotated/pages.h"

namespace expandnet::examples {

namespace {

const std::string& class_of(std::int64_t label,
                            const std::vector<std::string>& classes) {
  return classes[static_cast<std::size_t>(label)];
}

nlohmann::ordered_json numbers_of(const data::Box& box) {
  return {box.left, box.top, box.width, box.height};
}

std::string rectangle(const data::Box& box, const std::string& stroke,
                      const std::string& title) {
  return fmt::format(
      "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" "
      "fill=\"none\" {}><title>{}</title></rect>\n",
      box.left, box.top, box.width, box.height, stroke, title);
}

constexpr const char* kBoxStyle =
    R"(svg { max-width: 40em; height: auto; min-width: 16em; }
.meant { stroke: #fff; stroke-dasharray: 4 3; vector-effect: non-scaling-stroke; }
text { paint-order: stroke; stroke: #000; stroke-width: .2em; fill: #fff; }
)";

}  // namespace

std::string predictions_json(const std::vector<Prediction>& predictions,
                             const std::vector<std::string>& classes) {
  auto all = nlohmann::ordered_json::array();
  for (const auto& prediction : predictions) {
    nlohmann::ordered_json image;
    image["image"] = prediction.path;
    image["width"] = prediction.size.width;
    image["height"] = prediction.size.height;
    image["objects"] = nlohmann::ordered_json::array();
    for (const auto& found : prediction.found) {
      image["objects"].push_back({{"class", class_of(found.label, classes)},
                                  {"score", found.score},
                                  {"box", numbers_of(found.box)}});
    }
    if (prediction.meant) {
      image["meant"] = nlohmann::ordered_json::array();
      for (const auto& object : *prediction.meant) {
        image["meant"].push_back({{"class", class_of(object.label, classes)},
                                  {"box", numbers_of(object.box)},
                                  {"difficult", object.difficult}});
      }
    }
    all.push_back(std::move(image));
  }
  // Paths need not be UTF-8.
  return all.dump(1, ' ', /*ensure_ascii=*/false,
                  nlohmann::json::error_handler_t::replace) +
         "\n";
}

std::string predictions_html(const std::vector<Prediction>& predictions,
                             const std::vector<std::string>& classes) {
  auto page = start_of_page("Objects found", kBoxStyle);
  for (const auto& prediction : predictions) {
    const auto& size = prediction.size;
    const auto letters =
        static_cast<double>(std::max(size.width, size.height)) / 28;
    page += fmt::format(
        "<figure><svg viewBox=\"0 0 {0} {1}\" width=\"{0}\" height=\"{1}\">\n"
        "<image href=\"{2}\" width=\"{0}\" height=\"{1}\"/>\n",
        size.width, size.height, address(prediction.picture));
    for (const auto& object :
         prediction.meant.value_or(std::vector<data::AnnotatedObject>())) {
      page += rectangle(object.box, "class=\"meant\"",
                        escaped("meant: " + class_of(object.label, classes)) +
                            (object.difficult ? " (difficult)" : ""));
    }
    for (const auto& found : prediction.found) {
      const auto& box = found.box;
      const auto name = escaped(class_of(found.label, classes));
      page += rectangle(
          box, fmt::format("stroke=\"{}\"", html_of(color_of(found.label))),
          fmt::format("{} {:.3f}", name, found.score));
      page += fmt::format(
          "<text x=\"{:.1f}\" y=\"{:.1f}\" font-size=\"{:.1f}\">{} "
          "{:.2f}</text>\n",
          box.left + 2, box.top + letters, letters, name, found.score);
    }
    page += fmt::format("</svg><figcaption>{}: {} {}", escaped(prediction.path),
                        prediction.found.size(),
                        prediction.found.size() == 1 ? "object" : "objects");
    if (prediction.meant) {
      page += fmt::format(", {} meant", prediction.meant->size());
    }
    page += "</figcaption></figure>\n";
  }
  return page + "</html>\n";
}

}  // namespace expandnet::examples
