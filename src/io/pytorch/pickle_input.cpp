#include "io/pytorch/pickle_input.h"

#include <charconv>
#include <cstring>
#include <system_error>

#include "base/error.h"
#include "base/little_endian.h"
#include "base/text.h"

namespace expandnet {

unsigned char PickleInput::next_instruction() {
  instruction_ = next_;
  return static_cast<unsigned char>(take(1).front());
}

std::string_view PickleInput::take(std::uint64_t count) {
  if (count > left()) {
    complain(
        "an instruction must find all of its bytes, " + std::to_string(count),
        std::to_string(left()));
  }
  const auto taken = bytes_.substr(next_, count);
  next_ += taken.size();
  return taken;
}

std::uint64_t PickleInput::take_number(std::size_t count) {
  return little_endian(take(count), 0, count);
}

std::string_view PickleInput::take_counted(std::size_t count) {
  return take(take_number(count));
}

std::string_view PickleInput::take_line() {
  const auto end = bytes_.find('\n', next_);
  if (end == std::string_view::npos) {
    complain("a name must end with its line", "no end");
  }
  const auto line = take(end - next_);
  ++next_;
  return line;
}

PickleValue PickleInput::take_int(std::uint64_t count) {
  const auto bytes = take(count);
  if (bytes.size() > sizeof(std::int64_t)) return PickleLargeInt{bytes.size()};
  auto number = little_endian(bytes, 0, bytes.size());
  const bool negative =
      !bytes.empty() && (static_cast<unsigned char>(bytes.back()) & 0x80U) != 0;
  if (negative && bytes.size() < sizeof(number)) {
    number |= ~std::uint64_t{0} << 8U * bytes.size();
  }
  return static_cast<std::int64_t>(number);
}

PickleValue PickleInput::take_decimal() {
  const auto line = take_line();
  if (line == "00" || line == "01") return line == "01";
  std::int64_t number = 0;
  const auto* end = line.data() + line.size();
  const auto [stop, error] = std::from_chars(line.data(), end, number);
  if (error != std::errc() || stop != end) {
    complain("an int must be of decimal digits, below 2^63", quoted_name(line));
  }
  return number;
}

double PickleInput::take_float() {
  std::uint64_t bits = 0;
  for (const auto byte : take(sizeof(bits))) {
    bits = bits << 8U | static_cast<unsigned char>(byte);
  }
  double number = 0;
  std::memcpy(&number, &bits, sizeof(number));
  return number;
}

void PickleInput::complain(const std::string& rule, const std::string& value,
                           const std::string& remedy) const {
  throw_file_error(where_ + ", byte " + std::to_string(instruction_), rule,
                   value, remedy);
}

}  // namespace expandnet
