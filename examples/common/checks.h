// checks.h: what numbers on the command line may be.
#pragma once

#include <CLI/CLI.hpp>
#include <cmath>
#include <string>

namespace expandnet::examples {

/// A number that `accepts`, described by `rule`, "must be positive" say.
template <typename Accepts>
CLI::Validator number_that(const std::string& rule, const std::string& name,
                           Accepts accepts) {
  return CLI::Validator(
      [rule, accepts](const std::string& text) {
        double number = 0;
        const bool is_number = CLI::detail::lexical_cast(text, number);
        return is_number && std::isfinite(number) && accepts(number)
                   ? std::string()
                   : rule + ", got " + text;
      },
      name);
}

inline CLI::Validator positive() {
  return number_that("must be positive", "POSITIVE",
                     [](double number) { return number > 0; });
}

inline CLI::Validator not_negative() {
  return number_that("must not be negative", "NONNEGATIVE",
                     [](double number) { return number >= 0; });
}

inline CLI::Validator share() {
  return number_that("must be from 0 to 1", "0 TO 1",
                     [](double number) { return number >= 0 && number <= 1; });
}

inline CLI::Validator below_one() {
  return number_that("must be from 0 to below 1", "0 TO <1",
                     [](double number) { return number >= 0 && number < 1; });
}

}  // namespace expandnet::examples
