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

#include "common/checks.h"
#include "trainer/configuration.h"

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

/// As the trainers bind theirs.
void bind(CLI::App& app, Flags& flags) {
  app.option_defaults()->always_capture_default()->take_last();
  app.set_config("--config")->configurable(false);
  app.allow_config_extras(CLI::config_extras_mode::error);
  app.add_option("--data", flags.data);
  auto* expand = app.add_option("--expand", flags.expand);
  expand->expected(1, 100)->check(CLI::IsMember({"none", "ck", "ck+fc"}));
  app.add_option("--epochs", flags.epochs)->check(positive());
  add_number(app, "--lr", flags.lr)->check(positive());
  app.add_option("--nesterov", flags.nesterov);
  add_numbers(app, "--milestones", flags.milestones);
  app.add_option("--seed", flags.seed);
}

Flags read(const std::string& text) {
  Flags flags;
  CLI::App app;
  bind(app, flags);
  std::istringstream stream(text);
  app.parse_from_stream(stream);
  return flags;
}

std::string write(Flags flags) {
  CLI::App app;
  bind(app, flags);
  return configuration_of(app);
}

void try_pairs(const std::string& text) {
  try {
    if (!differences(text, text).empty()) std::abort();
    if (configuration_with_effect(text).size() > 9 * text.size()) std::abort();
  } catch (const std::runtime_error&) {
    return;
  }
}

void try_flags(const std::string& text) {
  Flags flags;
  std::string again;
  try {
    flags = read(text);
    again = write(flags);
  } catch (const CLI::Error&) {
    return;
  } catch (const std::runtime_error&) {
    return;
  }
  if (!(read(again) == flags) || write(read(again)) != again) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  const std::string text(data, data + size);
  try_pairs(text);
  try_flags(text);
  return 0;
}
