// Any bytes are a configuration file that sets flags as the trainers have them,
// or an error of CLI11 or a std::runtime_error; and what they set is written
// and read as the same.
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdlib>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "command_line/checks.h"
#include "trainers/app/settings/configuration.h"

namespace {

using namespace expandnet::examples;

/// A flag of each of the trainers' types.
struct Flags {
  std::string data = "data";
  std::vector<std::string> expand = {"ck+fc"};
  std::int64_t epochs = 150;
  double lr = 0.01;
  bool nesterov = false;
  std::vector<double> milestones;
  std::uint64_t seed = 0;
};

bool operator==(const Flags& a, const Flags& b) {
  return a.data == b.data && a.expand == b.expand && a.epochs == b.epochs &&
         a.lr == b.lr && a.nesterov == b.nesterov &&
         a.milestones == b.milestones && a.seed == b.seed;
}

/// A command line that is made once: to make one takes twice as long as to read
/// a configuration.
class CommandLine {
 public:
  /// As the trainers bind theirs.
  CommandLine() {
    app_.option_defaults()->always_capture_default()->take_last();
    app_.set_config("--config")->configurable(false);
    app_.allow_config_extras(CLI::config_extras_mode::error);
    app_.add_option("--data", flags_.data);
    auto* expand = app_.add_option("--expand", flags_.expand);
    expand->expected(1, 100)->check(CLI::IsMember({"none", "ck", "ck+fc"}));
    app_.add_option("--epochs", flags_.epochs)->check(positive());
    add_number(app_, "--lr", flags_.lr)->check(positive());
    app_.add_option("--nesterov", flags_.nesterov);
    add_numbers(app_, "--milestones", flags_.milestones);
    app_.add_option("--seed", flags_.seed);
  }

  Flags read(const std::string& text) {
    flags_ = Flags();
    app_.clear();
    std::istringstream stream(text);
    app_.parse_from_stream(stream);
    return flags_;
  }

  std::string write(const Flags& flags) {
    flags_ = flags;
    app_.clear();
    for (auto* option : app_.get_options()) option->capture_default_str();
    return configuration_of(app_);
  }

 private:
  Flags flags_;
  CLI::App app_;
};

void try_pairs(const std::string& text) {
  try {
    if (!differences(text, text).empty()) std::abort();
    if (configuration_with_effect(text).size() > 9 * text.size()) std::abort();
  } catch (const std::runtime_error&) {
    return;
  }
}

void try_flags(const std::string& text) {
  static CommandLine line;
  Flags flags;
  std::string again;
  try {
    flags = line.read(text);
    again = line.write(flags);
  } catch (const CLI::Error&) {
    return;
  } catch (const std::runtime_error&) {
    return;
  }
  if (!(line.read(again) == flags) || line.write(flags) != again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(data, data + size);
  try_pairs(text);
  try_flags(text);
  return 0;
}
