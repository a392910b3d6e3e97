// pickle_fields.h: values of a pickle that must be of a certain kind.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Takes values of a pickle, or throws `std::runtime_error` with what they are.
/// `where` names the file and the tensor; it must outlive this.
class PickleFields {
 public:
  PickleFields(const std::string& where, const Pickle& pickle)
      : where_(where), pickle_(pickle) {}

  [[nodiscard]] const std::string& where() const { return where_; }
  [[nodiscard]] const Pickle& pickle() const { return pickle_; }

  [[nodiscard]] std::string_view text(const std::string& what,
                                      PickleIndex value) const;
  /// An int that is not negative.
  [[nodiscard]] std::int64_t number(const std::string& what,
                                    PickleIndex value) const;
  /// The file is damaged.
  [[noreturn]] void complain(const std::string& rule,
                             const std::string& value) const;

 private:
  const std::string& where_;
  const Pickle& pickle_;
};

}  // namespace expandnet
