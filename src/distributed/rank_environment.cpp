#include "distributed/rank_environment.h"

#include <c10/util/Exception.h>

#include <charconv>
#include <cstdlib>
#include <limits>
#include <optional>

#include "base/error.h"
#include "distributed/gloo_addresses.h"

namespace expandnet::distributed {

namespace {

std::optional<std::string> rank_variable(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr) return std::nullopt;
  return value;
}

std::string needed_variable(const char* name) {
  const auto value = rank_variable(name);
  TORCH_CHECK(
      value && !value->empty(),
      error_message("ranks",
                    c10::str(name, " must be set where RANK or WORLD_SIZE is"),
                    "none", "start the ranks with torchrun"));
  return *value;
}

int whole_number(const char* name, const std::string& text, int least,
                 int most) {
  int number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, number);
  const bool valid =
      error == std::errc() && stop == end && number >= least && number <= most;
  const bool open = most == std::numeric_limits<int>::max();
  TORCH_CHECK(
      valid,
      error_message("ranks",
                    c10::str(name, " must be a whole number from ", least,
                             open ? "" : " to " + std::to_string(most)),
                    c10::str("'", text, "'"), "start the ranks with torchrun"));
  return number;
}

int optional_number(const char* name, int otherwise) {
  const auto text = rank_variable(name);
  if (!text) return otherwise;
  return whole_number(name, *text, 0, std::numeric_limits<int>::max());
}

}  // namespace

RankEnvironment read_rank_environment() {
  RankEnvironment where;
  const auto size = needed_variable("WORLD_SIZE");
  const auto rank = needed_variable("RANK");
  where.size =
      whole_number("WORLD_SIZE", size, 1, std::numeric_limits<int>::max());
  where.rank = whole_number("RANK", rank, 0, where.size - 1);
  where.local_rank = optional_number("LOCAL_RANK", where.rank);
  where.address = needed_variable("MASTER_ADDR");
  where.port = static_cast<std::uint16_t>(
      whole_number("MASTER_PORT", needed_variable("MASTER_PORT"), 1,
                   std::numeric_limits<std::uint16_t>::max()));
  where.agent_store = rank_variable("TORCHELASTIC_USE_AGENT_STORE") == "True";
  where.interfaces = gloo_interfaces();
  where.restarts = optional_number("TORCHELASTIC_RESTART_COUNT", 0);
  return where;
}

}  // namespace expandnet::distributed
