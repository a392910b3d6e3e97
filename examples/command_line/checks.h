// checks.h: what numbers on the command line may be.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <string>

namespace expandnet::examples {

/// A finite number that `accepts`, described by `rule`, "must be positive" say.
template <typename Accepts>
CLI::Validator number_that(const std::string& rule, const std::string& name,
                           Accepts accepts) {
  return CLI::Validator(
      [rule, accepts](const std::string& text) -> std::string {
        double number = 0;
        const bool is_number = CLI::detail::lexical_cast(text, number);
        if (is_number && !std::isfinite(number)) {
          return "must be finite, got " + text;
        }
        return is_number && accepts(number) ? "" : rule + ", got " + text;
      },
      name);
}

inline CLI::Validator finite() {
  return number_that("must be a number", "NUMBER",
                     [](double /*number*/) { return true; });
}

inline CLI::Validator positive() {
  return number_that("must be positive", "POSITIVE",
                     [](double number) { return number > 0; });
}

inline CLI::Validator not_negative() {
  return number_that("must not be negative", "NONNEGATIVE",
                     [](double number) { return number >= 0; });
}

inline CLI::Validator from_to(std::int64_t least, std::int64_t most) {
  const auto low_end = std::to_string(least), high_end = std::to_string(most);
  return number_that(
      "must be from " + low_end + " to " + high_end,
      low_end + " TO " + high_end,
      [low = static_cast<double>(least), high = static_cast<double>(most)](
          double number) { return number >= low && number <= high; });
}

inline CLI::Validator share() { return from_to(0, 1); }

inline CLI::Validator below_one() {
  return number_that("must be from 0 to below 1", "0 TO <1",
                     [](double number) { return number >= 0 && number < 1; });
}

/// Of threads, and of runs at a time. More than this only fill the memory, or
/// are refused by the system.
inline constexpr std::int64_t kMostThreads = 1024;

}  // namespace expandnet::examples
