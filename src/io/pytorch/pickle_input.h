// pickle_input.h: the bytes of a pickle, taken from front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// All lengths are compared with what is left before they are used; what is
/// wrong throws `std::runtime_error` with the offset of the instruction.
class PickleInput {
 public:
  PickleInput(const std::string& where, std::string_view bytes,
              std::size_t offset)
      : where_(where), bytes_(bytes), next_(offset), begin_(offset) {}

  /// Offset of the next byte.
  [[nodiscard]] std::size_t offset() const { return next_; }
  /// Bytes taken so far.
  [[nodiscard]] std::size_t taken() const { return next_ - begin_; }
  [[nodiscard]] std::size_t left() const { return bytes_.size() - next_; }

  /// Begins the next instruction and returns its first byte.
  unsigned char next_instruction();

  std::string_view take(std::uint64_t count);
  /// An unsigned number of `count` bytes.
  std::uint64_t take_number(std::size_t count);
  /// Bytes, after their number in `count` bytes.
  std::string_view take_counted(std::size_t count);
  /// Bytes up to the end of the line, which is passed over.
  std::string_view take_line();
  /// An int of `count` bytes in two's complement.
  PickleValue take_int(std::uint64_t count);
  /// An int in decimal digits up to the end of the line, where 00 and 01 are
  /// False and True.
  PickleValue take_decimal();
  /// The only number that is in big endian.
  double take_float();

  /// Throws what is wrong with the instruction.
  [[noreturn]] void complain(
      const std::string& rule, const std::string& value,
      const std::string& remedy = "fetch the file or save it again") const;

 private:
  const std::string& where_;
  std::string_view bytes_;
  std::size_t next_;
  std::size_t begin_;
  std::size_t instruction_ = 0;  ///< offset of the one that is carried out
};

}  // namespace expandnet
