#include "trainers/app/runs/confusion_log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "testing.h"

namespace expandnet::examples {
namespace {

using expandnet::testing::error_of;

TEST(ConfusionLogs, AreReadWhateverIsInThem) {
  const auto folder = std::filesystem::temp_directory_path() /
                      ("expandnet_confusion_" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  EXPECT_TRUE(read_confusion(folder.string()).empty());

  const auto path = (folder / "confusion.jsonl").string();
  // A gradient that was not finite has no cosine.
  std::ofstream(path) << "{\"epoch\":2,\"fold\":[0.5,null,-0.25]}\n"
                         "{\"epoch\":1,\"factors\":[1.0]}\n";
  const auto epochs = read_confusion(folder.string());
  ASSERT_EQ(epochs.size(), 2U);
  EXPECT_EQ(epochs[0].epoch, 1);
  EXPECT_TRUE(epochs[0].fold.empty());
  EXPECT_EQ(epochs[0].factors, std::vector<double>{1});
  EXPECT_EQ(epochs[1].fold, (std::vector<double>{0.5, -0.25}));

  std::ofstream(path) << "{\"epoch\":\n";
  const auto error = error_of([&] { (void)read_confusion(folder.string()); });
  EXPECT_EQ(error.rfind("--confusion: the file of a run must be whole, got \"" +
                            path + "\" (",
                        0),
            0U)
      << error;
  EXPECT_NE(error.find("); remove it to go on without these epochs"),
            std::string::npos)
      << error;
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace expandnet::examples
