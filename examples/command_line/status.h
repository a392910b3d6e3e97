// status.h: how a program ends.
#pragma once

#include <c10/util/Exception.h>

#include <exception>
#include <iostream>

namespace expandnet::examples {

/// The status that `run` returns; 1 after an exception, with its message on
/// stderr.
template <typename Run>
int status_of(const Run& run) {
  try {
    return run();
  } catch (const c10::Error& error) {
    std::cerr << error.what_without_backtrace() << std::endl;
  } catch (const std::exception& error) {
    std::cerr << error.what() << std::endl;
  }
  return 1;
}

}  // namespace expandnet::examples
