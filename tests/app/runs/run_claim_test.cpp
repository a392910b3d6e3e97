#include "trainers/app/runs/run_claim.h"

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <memory>
#include <stdexcept>
#include <string>

namespace expandnet::examples {
namespace {

class RunClaims : public ::testing::Test {
 protected:
  void SetUp() override {
    auto pattern =
        (std::filesystem::temp_directory_path() / "claims-XXXXXX").string();
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] bool is_empty() const {
    return std::filesystem::is_empty(folder_);
  }

  std::string folder_;
};

TEST_F(RunClaims, AreHeldByOneAtATime) {
  auto first = RunClaim::try_for(folder_);
  ASSERT_NE(first, nullptr);
  EXPECT_EQ(RunClaim::try_for(folder_), nullptr);
  EXPECT_EQ(RunClaim::try_for(folder_), nullptr);
  first.reset();
  EXPECT_TRUE(is_empty());
  EXPECT_NE(RunClaim::try_for(folder_), nullptr);
}

TEST_F(RunClaims, AreLiftedFromAProcessThatIsKilled) {
  int told[2];
  ASSERT_EQ(::pipe(told), 0);
  const auto child = ::fork();
  if (child == 0) {
    const auto claim = RunClaim::try_for(folder_);
    const char got = claim != nullptr ? 'y' : 'n';
    if (::write(told[1], &got, 1) != 1) ::_exit(1);
    ::pause();
    ::_exit(0);
  }
  char got = 0;
  ASSERT_EQ(::read(told[0], &got, 1), 1);
  EXPECT_EQ(got, 'y');
  EXPECT_EQ(RunClaim::try_for(folder_), nullptr);

  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_FALSE(is_empty());  // the file is left
  EXPECT_NE(RunClaim::try_for(folder_), nullptr);
  EXPECT_TRUE(is_empty());
  ::close(told[0]);
  ::close(told[1]);
}

TEST_F(RunClaims, NameTheFileThatCannotBeMade) {
  std::string error;
  try {
    static_cast<void>(RunClaim::try_for(folder_ + "/none"));
  } catch (const std::runtime_error& refused) {
    error = refused.what();
  }
  EXPECT_EQ(error, "cannot open \"" + folder_ +
                       "/none/claim.lock\": No such file or directory");
}

}  // namespace
}  // namespace expandnet::examples
