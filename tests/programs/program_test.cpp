#include "programs/program_test.h"

#include <unistd.h>

#include <regex>

namespace expandnet::testing {

namespace fs = std::filesystem;

Words joined(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

void ProgramTest::SetUp() {
  const auto* test = ::testing::UnitTest::GetInstance()->current_test_info();
  folder_ =
      fs::temp_directory_path() / (std::string("expandnet_") + test->name() +
                                   "_" + std::to_string(::getpid()));
  fs::create_directories(folder_);
}

void ProgramTest::TearDown() { fs::remove_all(folder_); }

std::string ProgramTest::path(const std::string& name) const {
  return (folder_ / name).string();
}

Outcome ProgramTest::run(const Words& words, std::uint64_t file_limit) const {
  return Process(words, folder_, file_limit).wait();
}

Json ProgramTest::json(const std::string& name) const {
  return Json::parse(content_of(folder_ / name));
}

std::string ProgramTest::log_of(const std::string& out) const {
  return std::regex_replace(content_of(folder_ / out / "log.jsonl"),
                            std::regex("\"seconds\":[^}]*"), "");
}

void ProgramTest::expect_same_run(const std::string& a,
                                  const std::string& b) const {
  EXPECT_EQ(log_of(a), log_of(b));
  EXPECT_EQ(json(a + "/run.json")["test_accuracy"],
            json(b + "/run.json")["test_accuracy"]);
  const auto weights = content_of(folder_ / a / "weights.pt");
  EXPECT_FALSE(weights.empty());
  EXPECT_TRUE(weights == content_of(folder_ / b / "weights.pt"));
}

std::string complaint_of(const Outcome& outcome) {
  return outcome.err.substr(0, outcome.err.find('\n'));
}

std::string default_in(const std::string& help, const std::string& flag) {
  std::smatch match;
  // The braces of a choice may hold anything but its default.
  const std::regex line("\n +" + flag +
                        R"( [A-Z]+(:[A-Z]+|:\{[^}]*\})?(=| \[)([^\s\]]+))");
  return std::regex_search(help, match, line) ? match[3].str() : "";
}

}  // namespace expandnet::testing
