// In place of voc_annotation.cpp where there is no expat.
#include "base/error.h"
#include "base/text.h"
#include "data/sets/voc_annotation.h"

namespace expandnet::data {

VocAnnotation parse_voc_annotation(const std::string& where,
                                   const std::string& path,
                                   std::string_view /*bytes*/) {
  // No fault of the file, which could be skipped.
  throw_argument_error(where, "expandnet must be built with expat to read XML",
                       in_quotes(path),
                       "install it (Debian: libexpat1-dev) and build again");
}

}  // namespace expandnet::data
