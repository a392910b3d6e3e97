// interrupt.h: a run that is asked to stop ends where it can save its state.
#pragma once

#include <csignal>

namespace expandnet::train {

/// While it lives, SIGINT (Ctrl-C) and SIGTERM ask to stop instead of ending
/// the program. A second SIGINT ends it at once, as if none of this were here.
///
///     const Interrupt interrupt;
///     while (!interrupt.requested() && step < steps) train(step++);
///     save(checkpoint);
///     return interrupt.exit_status();
class Interrupt {
 public:
  /// `words` is written to standard error as soon as something asks to stop;
  /// nothing by default. It must outlive the Interrupt. Throws `c10::Error`
  /// while another one is alive.
  explicit Interrupt(const char* words = nullptr);
  /// Puts the former handlers back.
  ~Interrupt();
  Interrupt(const Interrupt&) = delete;
  Interrupt& operator=(const Interrupt&) = delete;

  /// 0 while nothing has asked to stop, then the signal that was the first to.
  [[nodiscard]] int signal() const;
  [[nodiscard]] bool requested() const { return signal() != 0; }
  /// What shells report of a program that the signal has ended: 130 for SIGINT,
  /// 143 for SIGTERM; 0 while nothing has asked to stop.
  [[nodiscard]] int exit_status() const;

 private:
  struct sigaction former_interrupt_ = {};
  struct sigaction former_terminate_ = {};
};

}  // namespace expandnet::train
