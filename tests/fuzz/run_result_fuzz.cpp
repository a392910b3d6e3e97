// Any bytes are the result of a run, which is written and read as the same, or
// a std::runtime_error.
#include <cstdint>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <stdexcept>
#include <string>

#include "trainers/app/report/run_result.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data,
                                      std::size_t size) {
  using namespace expandnet::examples;
  RunResult result;
  try {
    result = read_run_result({data, data + size});
  } catch (const std::runtime_error&) {
    return 0;
  }
  const auto text = text_of(to_json(result), 2);
  if (text_of(to_json(read_run_result(text)), 2) != text) std::abort();
  return 0;
}
