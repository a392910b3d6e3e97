// python.h: a Python that the tests compare with, and hand files to.
#pragma once

#include <string>
#include <vector>

namespace expandnet::testing {

enum class Complaints { kShown, kHidden };

/// Whether Python, given these words, ends well.
bool run_python(const std::vector<std::string>& words,
                Complaints complaints = Complaints::kShown);

/// Whether it can import these modules, "torch, torchvision" say.
bool python_has(const std::string& modules);

/// Why a test that needs them is skipped.
std::string python_lacks(const std::string& modules);

}  // namespace expandnet::testing
