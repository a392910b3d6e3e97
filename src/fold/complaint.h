// complaint.h: every error reads "where: rule, got value at path; remedy".
#pragma once

#include <c10/util/ArrayRef.h>
#include <expandnet/fold/layer.h>

#include <cstdint>
#include <string>

namespace expandnet {

/// The sentence for TORCH_CHECK. `remedy` may be empty.
std::string complaint(const Site& site, const std::string& rule,
                      const std::string& got, const std::string& remedy = {});

/// "7x7"; "1" for no sides at all.
std::string sides(c10::IntArrayRef kernel);

/// "[8, 3, 7, 7]".
std::string sizes(c10::IntArrayRef shape);

}  // namespace expandnet
