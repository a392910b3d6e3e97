// named_flag.h: a flag whose value is one of a table's, by its name.
#pragma once

#include <CLI/CLI.hpp>
#include <cstddef>
#include <string>

#include "command_line/named.h"

namespace expandnet::examples {

/// Adds a flag that takes a name of `table` and sets `value` to what it names.
/// Both must outlive `app`.
template <typename Value, std::size_t N>
CLI::Option* add_named(CLI::App& app, const std::string& flag, Value& value,
                       const Named<Value> (&table)[N],
                       const std::string& description = "") {
  auto* option = app.add_option_function<std::string>(
      flag,
      [&value, &table](const std::string& name) {
        value = value_in(table, name);
      },
      description);
  option->default_function([&value, &table] { return name_in(table, value); });
  if (app.option_defaults()->get_always_capture_default()) {
    option->capture_default_str();
  }
  return option->check(CLI::IsMember(names_in(table)));
}

}  // namespace expandnet::examples
