#include "trainers/app/settings/configuration.h"

#include <gtest/gtest.h>

#include <CLI/CLI.hpp>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace expandnet::examples {
namespace {

/// Bound to an app as the trainers bind theirs.
struct Flags {
  std::string data = "data";
  double lr = 0.01;
  std::vector<double> milestones;
};

void bind(CLI::App& app, Flags& flags) {
  app.option_defaults()->always_capture_default()->take_last();
  app.add_option("--data", flags.data);
  add_number(app, "--lr", flags.lr);
  add_numbers(app, "--milestones", flags.milestones);
}

std::string written(Flags flags) {
  CLI::App app;
  bind(app, flags);
  return configuration_of(app);
}

Flags read(const std::string& text) {
  Flags flags;
  CLI::App app;
  bind(app, flags);
  std::istringstream stream(text);
  app.parse_from_stream(stream);
  return flags;
}

std::string message_of(const std::function<void()>& action) {
  try {
    action();
  } catch (const std::runtime_error& error) {
    return error.what();
  }
  return "";
}

TEST(Configurations, KeepEachBitOfANumber) {
  Flags flags;
  flags.lr = 0.0123456789012345;
  flags.milestones = {0.1 + 0.2, 1e22, 5e-324};
  const auto text = written(flags);
  EXPECT_EQ(text,
            "data=\"data\"\nlr=0.0123456789012345\n"
            "milestones=[0.30000000000000004,1e+22,5e-324]\n");

  const auto again = read(text);
  EXPECT_EQ(again.lr, flags.lr);
  EXPECT_EQ(again.milestones, flags.milestones);
}

TEST(Configurations, KeepEachBitOfAnyNumber) {
  Flags flags;
  // Its shortest text is read as another by way of a long double.
  flags.lr = 0x1.4eae52e219415p+85;
  std::mt19937_64 random(0);
  while (flags.milestones.size() < 20000) {
    const auto bits = random();
    double number = 0;
    std::memcpy(&number, &bits, sizeof(number));
    if (std::isfinite(number)) flags.milestones.push_back(number);
  }
  const auto again = read(written(flags));
  EXPECT_EQ(again.lr, flags.lr);
  EXPECT_EQ(again.milestones, flags.milestones);
}

/// An app with a switch.
struct Switched {
  explicit Switched(bool value) : on(value) {
    app.option_defaults()->always_capture_default()->take_last();
    add_switch(app, "--both", on);
  }
  CLI::App app;
  bool on;
};

TEST(Configurations, KeepAFlagThatHasNoValue) {
  for (const bool value : {true, false}) {
    Switched written(value);
    const auto text = configuration_of(written.app);
    EXPECT_EQ(text, value ? "both=true\n" : "both=false\n");

    Switched again(false);
    std::istringstream stream(text);
    again.app.parse_from_stream(stream);
    EXPECT_EQ(again.on, value);
  }
  Switched asked(false);
  asked.app.parse(std::vector<std::string>{"--both"});
  EXPECT_TRUE(asked.on);
}

TEST(Configurations, LeaveOutAListOfNothing) {
  EXPECT_EQ(written({}), "data=\"data\"\nlr=0.01\n");
}

TEST(Configurations, HoldPathsWithAnyBytes) {
  for (const std::string path :
       {"a \"quoted\" path", "#1;=[x]", "two\nlines\\", "\xc3\xa9 \xff", "",
        "true", "0x10", "{}", "'", "\"", "[a,b]", " "}) {
    Flags flags;
    flags.data = path;
    EXPECT_EQ(read(written(flags)).data, path);
  }
}

TEST(Configurations, AreToldApartByWhatHasAnEffect) {
  const std::string before =
      "epochs=3\ndata=\"here\"\nmilestones=[1,2]\nlr=0.1\n";
  EXPECT_TRUE(differences(before, before).empty());
  EXPECT_TRUE(
      differences(before,
                  "epochs=3\ndata=\"there\"\nmilestones=[1,2]\nlr=0.1\n")
          .empty());
  EXPECT_EQ(differences(before, "epochs=4\ndata=\"here\"\nlr=0.1\nseed=1\n"),
            (std::vector<std::string>{"epochs (3, now 4)", "seed (none, now 1)",
                                      "milestones (1 2, now none)"}));
}

TEST(Configurations, OfACompactNetHaveNoRate) {
  const std::string compact = "expand=\"none\"\nrate=4\nlr=0.1\n";
  const std::string other = "expand=\"none\"\nrate=2\nlr=0.1\n";
  EXPECT_TRUE(differences(compact, other).empty());
  EXPECT_TRUE(has_effect_of(compact, configuration_with_effect(other), {}));
  EXPECT_EQ(differences("expand=\"fc\"\nrate=4\n", "expand=\"fc\"\nrate=2\n"),
            std::vector<std::string>{"rate (4, now 2)"});
  EXPECT_EQ(differences("expand=[\"none\",\"fc\"]\nrate=4\n",
                        "expand=[\"none\",\"fc\"]\nrate=2\n"),
            std::vector<std::string>{"rate (4, now 2)"});
}

TEST(Configurations, OfBeforeAFlagStandForWhatItDeclares) {
  const std::string before = "epochs=3\nlr=0.1\n";
  const std::string now = "epochs=3\nnarrow=false\nlr=0.1\n";
  const AbsentValues absent = {{"epochs", "150"}, {"narrow", "false"}};
  EXPECT_TRUE(differences(before, now, absent).empty());
  EXPECT_EQ(differences(before, "epochs=3\nnarrow=true\nlr=0.1\n", absent),
            (std::vector<std::string>{"narrow (false, now true)"}));
  EXPECT_EQ(differences(before, now),
            (std::vector<std::string>{"narrow (none, now false)"}));

  EXPECT_TRUE(has_effect_of(now, configuration_with_effect(now), absent));
  EXPECT_TRUE(has_effect_of(now, configuration_with_effect(before), absent));
  EXPECT_FALSE(has_effect_of("epochs=3\nnarrow=true\nlr=0.1\n",
                             configuration_with_effect(before), absent));
  EXPECT_FALSE(has_effect_of(now, "epochs=4\nlr=0.1\n", absent));
  EXPECT_FALSE(has_effect_of(now, configuration_with_effect(before), {}));
  // A flag that is gone made another run.
  EXPECT_FALSE(has_effect_of(before, configuration_with_effect(now), absent));
}

TEST(Configurations, AreRefusedWhereTheyAreDamaged) {
  EXPECT_EQ(message_of([] { keys_and_values("lr=1\nseed=0\nlr=1\n"); }),
            "a configuration must have each key once, got \"lr\" again");
  EXPECT_EQ(message_of([] { keys_and_values("lr=1\n [a.b.c]\n"); }),
            "a configuration must have no sections, got \"[a.b.c]\"");
  EXPECT_EQ(message_of([] {
              keys_and_values("lr=\"\\x\"\n");
            }).rfind("a configuration must have lines of key=value, got ", 0),
            0U);
}

}  // namespace
}  // namespace expandnet::examples
