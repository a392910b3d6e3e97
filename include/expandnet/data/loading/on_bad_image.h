// on_bad_image.h: what becomes of an image that cannot be read.
#pragma once

namespace expandnet::data {

/// What to do about an image that cannot be read.
enum class OnBadImage {
  kStop,  ///< throw, with its path
  kSkip,  ///< leave it out of its batch, and count it
};

}  // namespace expandnet::data
