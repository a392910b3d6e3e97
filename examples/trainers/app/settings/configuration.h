// configuration.h: the flags of a program as a configuration file, and what is
// read from one.
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

/// Adds a flag for a number, or for several, whose value configuration files
/// keep to its last bit. CLI11 itself keeps six digits.
CLI::Option* add_number(CLI::App& app, const std::string& name, double& value,
                        const std::string& description = "");
CLI::Option* add_numbers(CLI::App& app, const std::string& name,
                         std::vector<double>& values,
                         const std::string& description = "");

/// The configuration file that stands for all options of `app` as they are.
/// Throws `std::runtime_error` for a value that no such file can hold.
std::string configuration_of(const CLI::App& app);

/// A configuration file's keys and values, in order. This and what follows
/// throw `std::runtime_error` for a text that is no configuration file.
std::vector<std::pair<std::string, std::string>> keys_and_values(
    const std::string& configuration);

/// The value of a key; nothing if there is none.
std::optional<std::string> value_at(const std::string& configuration,
                                    const std::string& key);

/// What is wrong with a file as a configuration for `app`, which it names; ""
/// for nothing.
std::string complaint_about(const std::string& file, const CLI::App& app);

/// What keys stand for in a configuration that lacks them: it was written
/// before there were such flags.
using AbsentValues = std::map<std::string, std::string>;

/// The keys in which two configuration files differ, with their values, as
/// "epochs (24, now 30)". Those that change no result (where the data are, how
/// many threads) are left out. `absent` is of `before`.
std::vector<std::string> differences(const std::string& before,
                                     const std::string& now,
                                     const AbsentValues& absent = {});

/// Of a configuration file, the lines that change results: what two runs that
/// are the same have in common.
std::string configuration_with_effect(const std::string& configuration);

/// Whether a configuration file has the lines that `saved` consists of, which
/// `configuration_with_effect` has made, maybe before there were all flags.
bool has_effect_of(const std::string& configuration, const std::string& saved,
                   const AbsentValues& absent);

/// Keys that every run's configuration has had from the first version on: a
/// file without one is damaged, and not of a program that did not know it.
[[nodiscard]] const std::set<std::string>& keys_of_every_run();

}  // namespace expandnet::examples
