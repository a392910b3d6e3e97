#include <c10/util/Exception.h>
#include <expandnet/train/interrupt.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>

#include "base/error.h"

namespace expandnet::train {

namespace {

// A handler may touch nothing but lock-free atomics. There is one handler for
// the process, hence one Interrupt.
static_assert(std::atomic<int>::is_always_lock_free);
std::atomic<bool> interrupt_alive{false};
std::atomic<int> first_signal{0};
std::atomic<const char*> words_for_first{nullptr};
static_assert(std::atomic<const char*>::is_always_lock_free);

void note_signal(int signal) {
  int none = 0;
  if (!first_signal.compare_exchange_strong(none, signal)) return;
  const auto* words = words_for_first.load();
  if (words == nullptr) return;
  const int error = errno;  // of what the signal has interrupted
  // Words that cannot be written are no reason to stop in another way.
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, words, std::strlen(words));
  errno = error;
}

struct sigaction noting(int flags) {
  struct sigaction action = {};
  action.sa_handler = note_signal;
  action.sa_flags = SA_RESTART | flags;
  sigemptyset(&action.sa_mask);
  return action;
}

}  // namespace

Interrupt::Interrupt(const char* words) {
  TORCH_CHECK(!interrupt_alive.exchange(true),
              error_message("Interrupt", "only one may be alive", "a second",
                            "pass the first one on"));
  first_signal = 0;
  words_for_first = words;
  // The system puts the default back before it calls the handler: that makes
  // a second SIGINT end the program.
  const auto once = noting(static_cast<int>(SA_RESETHAND));
  const auto always = noting(0);
  ::sigaction(SIGINT, &once, &former_interrupt_);
  ::sigaction(SIGTERM, &always, &former_terminate_);
}

Interrupt::~Interrupt() {
  ::sigaction(SIGINT, &former_interrupt_, nullptr);
  ::sigaction(SIGTERM, &former_terminate_, nullptr);
  interrupt_alive = false;
}

int Interrupt::signal() const { return first_signal; }

int Interrupt::exit_status() const {
  const auto number = signal();
  return number == 0 ? 0 : 128 + number;
}

}  // namespace expandnet::train
