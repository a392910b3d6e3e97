// configuration.h: writes the flags of a program to a configuration file, and
// reads such files.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace CLI {
class App;
class Option;
}  // namespace CLI

namespace expandnet::examples {

/// Adds a flag for one number or several, which configuration files store
/// exactly. CLI11 itself stores six digits.
CLI::Option* add_number(CLI::App& app, const std::string& name, double& value,
                        const std::string& description = "");
/// Adds a flag without a value, which configuration files keep as true or
/// false. CLI11 itself keeps an empty text, which it reads as true.
CLI::Option* add_switch(CLI::App& app, const std::string& name, bool& value,
                        const std::string& description = "");
CLI::Option* add_numbers(CLI::App& app, const std::string& name,
                         std::vector<double>& values,
                         const std::string& description = "");

/// Returns the configuration file for the current values of all options of
/// `app`. Throws `std::runtime_error` for a value that such a file cannot hold.
std::string configuration_of(const CLI::App& app);

/// Returns a configuration file's keys and values, in order. This function and
/// those below throw `std::runtime_error` for a text that is not a
/// configuration file.
std::vector<std::pair<std::string, std::string>> keys_and_values(
    const std::string& configuration);

/// Returns the value of a key; empty if there is none.
std::optional<std::string> value_at(const std::string& configuration,
                                    const std::string& key);

/// Returns what is wrong with `file` as a configuration for `app`, with its
/// name; "" if it is valid.
std::string complaint_about(const std::string& file, const CLI::App& app);

/// The values that keys stand for in a configuration without them, which was
/// written before these flags existed.
using AbsentValues = std::map<std::string, std::string>;

/// Returns the keys in which two configuration files differ, with their values:
/// "epochs (24, now 30)". Keys that do not change results (where the data are,
/// how many threads) are left out. `absent` applies to `before`.
std::vector<std::string> differences(const std::string& before,
                                     const std::string& now,
                                     const AbsentValues& absent = {});

/// Returns the lines of a configuration file that change results; they identify
/// a run.
std::string configuration_with_effect(const std::string& configuration);

/// Whether a configuration file has the lines of `saved`, which
/// `configuration_with_effect` returned, possibly before all flags existed.
bool has_effect_of(const std::string& configuration, const std::string& saved,
                   const AbsentValues& absent);

/// Returns the keys that every run's configuration has had since the first
/// version: a file without one is damaged, not written by an older program.
[[nodiscard]] const std::set<std::string>& keys_of_every_run();

}  // namespace expandnet::examples
