#include <expandnet/train/interrupt.h>
#include <gtest/gtest.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "testing.h"

namespace expandnet::testing {
namespace {

using train::Interrupt;

volatile std::sig_atomic_t former_calls = 0;

TEST(Interrupt, AsksForNothingByItself) {
  const Interrupt interrupt;

  EXPECT_FALSE(interrupt.requested());
  EXPECT_EQ(interrupt.signal(), 0);
  EXPECT_EQ(interrupt.exit_status(), 0);
}

TEST(Interrupt, NotesTheSignalAndItsExitStatus) {
  for (const auto& [signal, status] :
       {std::pair{SIGINT, 130}, {SIGTERM, 143}}) {
    const Interrupt interrupt;
    std::raise(signal);

    EXPECT_TRUE(interrupt.requested());
    EXPECT_EQ(interrupt.signal(), signal);
    EXPECT_EQ(interrupt.exit_status(), status);
  }
}

TEST(Interrupt, SaysItsWordsOnceAndKeepsErrno) {
  ::testing::internal::CaptureStderr();
  {
    const Interrupt interrupt("asked to stop\n");
    errno = ENOENT;
    for (const auto signal : {SIGTERM, SIGTERM}) std::raise(signal);
    EXPECT_EQ(errno, ENOENT);
  }
  { const Interrupt silent; }

  EXPECT_EQ(::testing::internal::GetCapturedStderr(), "asked to stop\n");
}

TEST(Interrupt, KeepsTheFirstSignal) {
  const Interrupt interrupt;
  for (const auto signal : {SIGTERM, SIGTERM, SIGINT}) std::raise(signal);

  EXPECT_EQ(interrupt.signal(), SIGTERM);
}

TEST(Interrupt, ForgetsTheSignalsOfTheOneBefore) {
  {
    const Interrupt interrupt;
    std::raise(SIGTERM);
  }

  EXPECT_FALSE(Interrupt().requested());
}

TEST(Interrupt, PutsTheFormerHandlersBack) {
  for (const auto signal : {SIGINT, SIGTERM}) {
    auto* const original =
        std::signal(signal, [](int) { former_calls = former_calls + 1; });
    former_calls = 0;
    {
      const Interrupt interrupt;
      std::raise(signal);
      EXPECT_EQ(former_calls, 0);
    }
    std::raise(signal);
    std::signal(signal, original);

    EXPECT_EQ(former_calls, 1) << "of signal " << signal;
  }
}

TEST(InterruptDeathTest, EndsTheProgramAtTheSecondSigint) {
  const auto interrupted_twice = [] {
    const Interrupt interrupt;
    std::raise(SIGINT);
    if (!interrupt.requested()) return;
    std::raise(SIGINT);
  };

  EXPECT_EXIT(interrupted_twice(), ::testing::KilledBySignal(SIGINT), "");
}

TEST(InterruptErrors, TwoAreOneTooMany) {
  const Interrupt interrupt;

  EXPECT_EQ(error_of([] { const Interrupt second; }),
            "Interrupt: only one may be alive, got a second; pass the first "
            "one on");
  std::raise(SIGINT);
  EXPECT_TRUE(interrupt.requested()) << "the first one is still at work";
}

}  // namespace
}  // namespace expandnet::testing
