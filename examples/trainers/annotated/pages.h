// pages.h: pages of pictures, with what was found in them.
#pragma once

#include <string>

namespace expandnet::examples {

/// Text as it stands in HTML and in its attributes.
[[nodiscard]] std::string escaped(const std::string& text);

/// A path as the address in a link: what has a meaning there is escaped.
[[nodiscard]] std::string address(const std::string& path);

/// The head of a page of figures, down to its heading. `style` is CSS beside
/// that of all pages.
[[nodiscard]] std::string start_of_page(const std::string& title,
                                        const std::string& style);

}  // namespace expandnet::examples
