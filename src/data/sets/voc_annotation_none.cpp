// In place of voc_annotation.cpp where there is no expat.
#include "base/error.h"
#include "base/text.h"
#include "data/sets/voc_annotation.h"

namespace expandnet::data {

VocAnnotation parse_voc_annotation(const std::string& where,
                                   const std::string& path,
                                   std::string_view /*bytes*/) {
  throw_file_error(where, "to read XML expandnet must be built with expat",
                   in_quotes(path), "install it (Debian: libexpat1-dev)");
}

}  // namespace expandnet::data
