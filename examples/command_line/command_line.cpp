#include "command_line/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <string>
#include <vector>

#include "command_line/nearest_flag.h"

namespace expandnet::examples {

namespace {

/// With the program that a command belongs to.
std::string full_name(const CLI::App& app) {
  const auto* parent = app.get_parent();
  return parent == nullptr ? app.get_name()
                           : parent->get_name() + " " + app.get_name();
}

/// "contract, summary or verify"
std::string names_of(const std::vector<const CLI::App*>& commands) {
  std::string names;
  for (std::size_t i = 0; i < commands.size(); ++i) {
    const bool is_last = i + 1 == commands.size();
    names += (i == 0 ? "" : is_last ? " or " : ", ") + commands[i]->get_name();
  }
  return names;
}

std::string complaint_about_flag(const CLI::App& app, const std::string& word) {
  const auto flag = word.substr(0, word.find('='));
  const auto letters = std::min(flag.find_first_not_of('-'), flag.size());
  const auto nearest = nearest_flag(app, flag.substr(letters));
  return flag + " is no flag of " + full_name(app) +
         (nearest.empty() ? "" : "; did you mean --" + nearest + "?");
}

/// What is wrong with the words that an app has left; "" if there are none.
std::string complaint_about_words(const CLI::App& app) {
  const auto words = app.remaining();
  const auto flag =
      std::find_if(words.begin(), words.end(), [](const std::string& word) {
        return word.size() > 1 && word[0] == '-' && word != "--";
      });
  if (flag != words.end()) return complaint_about_flag(app, *flag);
  const auto commands =
      app.get_subcommands([](const CLI::App* /*command*/) { return true; });
  if (words.empty()) {
    const auto given = app.get_subcommands();
    if (!given.empty()) return complaint_about_words(*given.front());
    return commands.empty() ? ""
                            : full_name(app) + ": COMMAND must be " +
                                  names_of(commands) + ", got none";
  }
  const auto rule = commands.empty()
                        ? ": must have no more arguments"
                        : ": COMMAND must be " + names_of(commands);
  return full_name(app) + rule + ", got \"" + words.front() + "\"";
}

}  // namespace

int status_after(const CLI::App& app, const CLI::ParseError& error) {
  const auto code = static_cast<CLI::ExitCodes>(error.get_exit_code());
  // CLI11 finds that something is missing before it looks at what is left.
  const auto complaint = code == CLI::ExitCodes::ExtrasError ||
                                 code == CLI::ExitCodes::RequiredError
                             ? complaint_about_words(app)
                             : "";
  const auto status =
      complaint.empty()
          ? app.exit(error)
          : app.exit(CLI::ParseError(complaint, CLI::ExitCodes::ExtrasError));
  return status == 0 ? 0 : 2;
}

}  // namespace expandnet::examples
