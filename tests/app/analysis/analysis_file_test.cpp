#include "trainers/app/analysis/analysis_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <limits>
#include <string>

#include "testing.h"

namespace expandnet::examples {
namespace {

using expandnet::testing::error_of;
using Json = nlohmann::ordered_json;

/// A path that is free, in a folder of its own.
class AnalysisFiles : public ::testing::Test {
 protected:
  void SetUp() override {
    folder_ = std::filesystem::temp_directory_path() /
              ("expandnet_analysis_" + std::to_string(::getpid()));
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  [[nodiscard]] std::string path() const {
    return (folder_ / "run.json").string();
  }

  std::filesystem::path folder_;
};

const Json kHead = {{"run", "compact-seed0"}, {"images", 100}};

TEST_F(AnalysisFiles, GoOnWithWhatTheyHave) {
  {
    AnalysisFile file(path(), kHead);
    EXPECT_FALSE(std::filesystem::exists(path()));
    EXPECT_FALSE(file.has("line"));
    file.keep("line", {0.1, std::numeric_limits<double>::infinity()});
    file.keep("rows", 1);
    file.keep("rows", 2);
  }
  const AnalysisFile file(path(), kHead);
  EXPECT_TRUE(file.has("line"));
  EXPECT_EQ(file.content(), Json({{"run", "compact-seed0"},
                                  {"images", 100},
                                  {"line", {0.1, nullptr}},
                                  {"rows", 2}}));
}

TEST_F(AnalysisFiles, AreOfOneAnalysis) {
  AnalysisFile(path(), kHead).keep("rows", 1);
  EXPECT_EQ(error_of([&] {
              AnalysisFile(
                  path(),
                  {{"run", "compact-seed0"}, {"images", 50}, {"steps", 5}});
            }),
            "--out: an analysis goes on as it was begun, got other values of "
            "images "
            "(100, now 50), steps (null, now 5) for \"" +
                path() + "\"; name another folder, or remove the file");
}

TEST_F(AnalysisFiles, MustBeWhole) {
  for (const std::string text : {"", "{\"run\":", "[1]"}) {
    std::ofstream(path()) << text;
    EXPECT_EQ(error_of([&] { AnalysisFile(path(), kHead); }),
              "--out: the analysis of a run must be whole, got \"" + path() +
                  "\"; remove it to begin it again");
  }
}

}  // namespace
}  // namespace expandnet::examples
