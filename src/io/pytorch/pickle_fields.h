// pickle_fields.h: reads values of a pickle that must have a certain type.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Returns values of a pickle, or throws `std::runtime_error` that describes
/// them if they have another type. `where` names the file and the tensor; it
/// must outlive this object.
class PickleFields {
 public:
  PickleFields(const std::string& where, const Pickle& pickle)
      : where_(where), pickle_(pickle) {}

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const Pickle& pickle() const { return pickle_; }

  [[nodiscard]] std::string_view text(const std::string& what,
                                      PickleIndex value) const;
  /// An int that must not be negative.
  [[nodiscard]] std::int64_t number(const std::string& what,
                                    PickleIndex value) const;
  /// Throws `std::runtime_error` for a damaged file.
  [[noreturn]] void complain(const std::string& rule,
                             const std::string& value) const;

 private:
  const std::string& where_;
  const Pickle& pickle_;
};

}  // namespace expandnet
