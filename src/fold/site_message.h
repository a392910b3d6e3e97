// site_message.h: error messages that say in which layer of a model something
// is wrong.
#pragma once

#include <c10/util/ArrayRef.h>
#include <expandnet/base/export.h>
#include <expandnet/fold/site.h>

#include <string>

#include "base/error.h"
#include "base/text.h"

namespace expandnet {

/// "caller: rule, got value at "path"; remedy". Without a path it is left out.
[[nodiscard]] EXPANDNET_API std::string error_message(
    const Site& site, const std::string& rule, const std::string& value,
    const std::string& remedy = {});

/// "7x7"; "1" for no sides at all.
[[nodiscard]] EXPANDNET_API std::string sides(c10::IntArrayRef kernel);

}  // namespace expandnet
