// pickle_input.h: reads the bytes of a pickle from front to back.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Every length is compared with the remaining bytes before it is used. Errors
/// are `std::runtime_error` with the offset of the instruction.
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

  /// Starts the next instruction and returns its first byte.
  unsigned char next_instruction();

  std::string_view take(std::uint64_t count);
  /// An unsigned number of `count` bytes.
  std::uint64_t take_number(std::size_t count);
  /// Reads a length of `count` bytes, then as many bytes.
  std::string_view take_counted(std::size_t count);
  /// Reads the bytes up to the end of the line, and skips the line end.
  std::string_view take_line();
  /// Reads an int of `count` bytes in two's complement.
  PickleValue take_int(std::uint64_t count);
  /// Reads a decimal int up to the end of the line; 00 and 01 are False and
  /// True.
  PickleValue take_decimal();
  /// Reads a big-endian double, the only big-endian number in a pickle.
  double take_float();

  /// Throws an error about the current instruction.
  [[noreturn]] void complain(
      const std::string& rule, const std::string& value,
      const std::string& remedy = "fetch the file or save it again") const;

 private:
  const std::string& where_;
  std::string_view bytes_;
  std::size_t next_;
  std::size_t begin_;
  std::size_t instruction_ = 0;  ///< offset of the current instruction
};

}  // namespace expandnet
