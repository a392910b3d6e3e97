// on_bad_image.h: how to handle images that cannot be read.
#pragma once

namespace expandnet::data {

/// How to handle an image that cannot be read.
enum class OnBadImage {
  kStop,  ///< throw an error with its path
  kSkip,  ///< leave it out of its batch, and count it
};

}  // namespace expandnet::data
