#include "trainers/app/settings/configuration.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cctype>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>
#include <system_error>

#include "base/read_file.h"
#include "command_line/nearest_flag.h"

namespace expandnet::examples {

namespace {

using KeysAndValues = std::vector<std::pair<std::string, std::string>>;

/// Whether a setting of a configuration changes nothing of what is computed.
bool is_without_effect(const std::string& key,
                       const KeysAndValues& configuration) {
  static const std::set<std::string> keys = {"data",    "threads",  "jobs",
                                             "out",     "runs",     "timeout",
                                             "workers", "confusion"};
  if (keys.count(key) != 0) return true;
  if (key != "rate" && key != "lr-chains") return false;
  // A compact net has no chains.
  const std::pair<std::string, std::string> compact = {"expand", "none"};
  return std::find(configuration.begin(), configuration.end(), compact) !=
         configuration.end();
}

/// The shortest text that CLI11 reads as the same number. It reads a long
/// double and rounds that again, which some of the shortest texts do not
/// survive; with 17 digits a text is too near its number for that.
std::string shortest(double number) {
  std::array<char, 32> text;
  const auto text_of = [&](auto... precision) {
    const auto end =
        std::to_chars(text.begin(), text.end(), number, precision...).ptr;
    return std::string(text.begin(), end);
  };
  auto shortest = text_of();
  const bool survives =
      static_cast<double>(std::strtold(shortest.c_str(), nullptr)) == number;
  return survives ? shortest : text_of(std::chars_format::general, 17);
}

/// The value that a new option stands for, as configuration files have it; ""
/// for a list of nothing.
std::string value_of(const CLI::Option& option) {
  const auto value = option.get_default_str();
  if (option.get_type_name() == "BOOLEAN")
    return value == "1" ? "true" : "false";
  const bool is_list = option.get_expected_max() > 1;
  if (is_list) return value == "{}" ? "" : value;
  return CLI::detail::convert_arg_for_ini(value);
}

/// The start of a text from a file, "?" for each byte that cannot be shown.
std::string shown(const std::string& text) {
  constexpr std::size_t kMost = 80;
  auto start = text.substr(0, kMost);
  std::replace_if(
      start.begin(), start.end(),
      [](unsigned char byte) { return std::isprint(byte) == 0; }, '?');
  return '"' + start + (text.size() > kMost ? "\"..." : "\"");
}

/// The trainers write none, and the memory that CLI11 takes for one grows with
/// the square of its name.
void refuse_sections(const std::string& configuration) {
  std::istringstream lines(configuration);
  for (std::string line; std::getline(lines, line);) {
    const auto first = line.find_first_not_of(" \t\r\f\v");
    if (first == std::string::npos || line[first] != '[') continue;
    throw std::runtime_error("a configuration must have no sections, got " +
                             shown(line.substr(first)));
  }
}

/// Throws unless the option's line is read as its value.
void check_line(const CLI::Option& option, const std::string& line) {
  const bool is_text = option.get_type_name().rfind("TEXT", 0) == 0;
  if (!is_text || option.get_expected_max() > 1) return;
  const auto& name = option.get_lnames().front();
  std::string read;
  CLI::App app;
  app.add_option("--" + name, read)->take_last();
  std::istringstream stream(line);
  try {
    app.parse_from_stream(stream);
    if (read == option.get_default_str()) return;
  } catch (const CLI::Error&) {  // nor is it read as another
  }
  throw std::runtime_error(
      "--" + name +
      ": must be text that a configuration file can hold, got \"" +
      option.get_default_str() + "\"");
}

}  // namespace

CLI::Option* add_number(CLI::App& app, const std::string& name, double& value,
                        const std::string& description) {
  auto* option = app.add_option(name, value, description);
  option->default_function([&value] { return shortest(value); });
  option->capture_default_str();
  return option;
}

CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& value,
                        const std::string& description) {
  auto* option = app.add_flag(name, value, description);
  option->default_function([&value] { return value ? "true" : "false"; });
  option->capture_default_str();
  return option;
}

CLI::Option* add_numbers(CLI::App& app, const std::string& name,
                         std::vector<double>& values,
                         const std::string& description) {
  auto* option = app.add_option(name, values, description);
  option->default_function([&values] {
    std::string text;
    for (const auto value : values) {
      text += (text.empty() ? "[" : ",") + shortest(value);
    }
    return text.empty() ? text : text + "]";
  });
  option->capture_default_str();
  return option;
}

std::string configuration_of(const CLI::App& app) {
  std::string text;
  for (const auto* option : app.get_options()) {
    if (!option->get_configurable() || option->get_lnames().empty()) continue;
    const auto value = value_of(*option);
    if (value.empty()) continue;
    const auto line = option->get_lnames().front() + "=" + value + "\n";
    check_line(*option, line);
    text += line;
  }
  return text;
}

std::vector<std::pair<std::string, std::string>> keys_and_values(
    const std::string& configuration) {
  refuse_sections(configuration);
  std::istringstream stream(configuration);
  std::vector<std::pair<std::string, std::string>> pairs;
  try {
    for (const auto& item : CLI::ConfigTOML().from_config(stream)) {
      std::string value;
      for (const auto& input : item.inputs) {
        value += (value.empty() ? "" : " ") + input;
      }
      pairs.emplace_back(item.fullname(), value);
    }
  } catch (const CLI::Error& error) {
    throw std::runtime_error(
        "a configuration must have lines of key=value, got " +
        shown(error.what()));
  }
  std::set<std::string> keys;
  for (const auto& pair : pairs) {
    if (keys.insert(pair.first).second) continue;
    throw std::runtime_error("a configuration must have each key once, got " +
                             shown(pair.first) + " again");
  }
  return pairs;
}

std::optional<std::string> value_at(const std::string& configuration,
                                    const std::string& key) {
  for (const auto& [name, value] : keys_and_values(configuration)) {
    if (name == key) return value;
  }
  return std::nullopt;
}

std::string complaint_about(const std::string& file, const CLI::App& app) {
  namespace fs = std::filesystem;
  constexpr std::uintmax_t kMostBytes = 1 << 20;
  const auto got = ", got \"" + file + "\"";
  std::error_code unreadable;
  const auto bytes = fs::file_size(file, unreadable);
  if (unreadable) return "must be a file" + got;
  if (bytes > kMostBytes) {
    return "must be a file of at most " + std::to_string(kMostBytes) +
           " bytes" + got + " of " + std::to_string(bytes);
  }
  const auto refused = [&](const std::string& why) {
    return "must set flags of " + app.get_name() + got + " (" + why + ")";
  };
  try {
    for (const auto& [key, value] : keys_and_values(read_file(file))) {
      if (app.get_option_no_throw("--" + key) != nullptr) continue;
      const auto nearest = nearest_flag(app, key);
      return refused(
          shown(key) + " is none of them" +
          (nearest.empty() ? "" : "; did you mean " + nearest + "?"));
    }
  } catch (const std::runtime_error& error) {
    return refused(error.what());
  }
  return "";
}

const std::set<std::string>& keys_of_every_run() {
  static const std::set<std::string> keys = {"expand", "epochs", "batch-size",
                                             "lr", "seed"};
  return keys;
}

std::vector<std::string> differences(const std::string& before,
                                     const std::string& now,
                                     const AbsentValues& absent) {
  const auto in_words = [](const std::string& value) {
    return value.empty() ? "none" : value;
  };
  const auto old = keys_and_values(before);
  const auto pairs = keys_and_values(now);
  std::map<std::string, std::string> was(old.begin(), old.end());
  std::vector<std::string> found;
  const auto compare = [&](const std::string& key, const std::string& value) {
    const auto then = absent.find(key);
    if (then != absent.end() && keys_of_every_run().count(key) == 0) {
      was.emplace(*then);
    }
    if (was[key] != value && !is_without_effect(key, pairs)) {
      found.push_back(key + " (" + in_words(was[key]) + ", now " +
                      in_words(value) + ")");
    }
    was.erase(key);
  };
  for (const auto& [key, value] : pairs) compare(key, value);
  const auto gone = was;
  for (const auto& [key, value] : gone) compare(key, "");
  return found;
}

std::string configuration_with_effect(const std::string& configuration) {
  std::string text;
  const auto pairs = keys_and_values(configuration);
  for (const auto& [key, value] : pairs) {
    if (is_without_effect(key, pairs)) continue;
    text.append(key).append("=").append(value).append("\n");
  }
  return text;
}

bool has_effect_of(const std::string& configuration, const std::string& saved,
                   const AbsentValues& absent) {
  std::string expected;
  const auto pairs = keys_and_values(configuration);
  for (const auto& [key, value] : pairs) {
    if (is_without_effect(key, pairs)) continue;
    const auto start = key + "=";
    const bool is_there = saved.rfind(start, 0) == 0 ||
                          saved.find("\n" + start) != std::string::npos;
    const auto then = absent.find(key);
    if (!is_there && then != absent.end() && then->second == value) continue;
    expected.append(start).append(value).append("\n");
  }
  return saved == expected;
}

}  // namespace expandnet::examples
