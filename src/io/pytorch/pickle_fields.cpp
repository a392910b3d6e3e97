#include "io/pytorch/pickle_fields.h"

#include "base/error.h"
#include "io/pytorch/pickle_describe.h"

namespace expandnet {

std::string_view PickleFields::text(const std::string& what,
                                    PickleIndex value) const {
  const auto* text = pickle_.get<PickleText>(value);
  if (text == nullptr) {
    complain(what + " must be text", describe(pickle_, value));
  }
  return text->text;
}

std::int64_t PickleFields::number(const std::string& what,
                                  PickleIndex value) const {
  const auto* number = pickle_.get<std::int64_t>(value);
  if (number == nullptr || *number < 0) {
    complain(what + " must be an int from 0 on", describe(pickle_, value));
  }
  return *number;
}

void PickleFields::complain(const std::string& rule,
                            const std::string& value) const {
  throw_file_error(where_, rule, value, "fetch the file or save it again");
}

}  // namespace expandnet
