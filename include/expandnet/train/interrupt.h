// interrupt.h: lets a run stop where it can save its state.
#pragma once

#include <expandnet/base/export.h>

#include <csignal>

namespace expandnet::train {

/// While an Interrupt exists, SIGINT (Ctrl-C) and SIGTERM request a stop
/// instead of ending the program. A second SIGINT ends the program at once, as
/// it would without an Interrupt.
///
///     const Interrupt interrupt;
///     while (!interrupt.requested() && step < steps) train(step++);
///     save(checkpoint);
///     return interrupt.exit_status();
class EXPANDNET_API Interrupt {
 public:
  /// `words` is written to standard error when a stop is requested; nothing by
  /// default. The text must outlive the Interrupt. Throws `c10::Error` if
  /// another Interrupt exists.
  explicit Interrupt(const char* words = nullptr);
  /// Restores the former signal handlers.
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// The first signal that requested a stop; 0 if there was none.
  [[nodiscard]] int signal() const;
  [[nodiscard]] bool requested() const { return signal() != 0; }
  /// The exit status that shells report for a program ended by the signal: 130
  /// for SIGINT, 143 for SIGTERM; 0 if no stop was requested.
  [[nodiscard]] int exit_status() const;

 private:
  struct sigaction former_interrupt_ = {};
  struct sigaction former_terminate_ = {};
};

}  // namespace expandnet::train
