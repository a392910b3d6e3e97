// status.h: how a program ends that has failed.
#pragma once

#include <exception>
#include <iostream>

#include "base/error.h"

namespace expandnet::examples {

/// Writes the message of the exception that is being handled to stderr and
/// returns the status to exit with, 1.
///
///     int main() try { ... } catch (...) { return failure_status(); }
inline int failure_status() {
  try {
    throw;
  } catch (const std::exception& error) {
    std::cerr << message_of(error) << std::endl;
  }
  return 1;
}

}  // namespace expandnet::examples
