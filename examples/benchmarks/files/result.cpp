#include "benchmarks/files/result.h"

#include <ATen/Parallel.h>
#include <expandnet/base/atomic_file.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <iostream>
#include <nlohmann/json.hpp>
#include <thread>

#include "measuring/device.h"

namespace expandnet::examples::bench {

namespace {

/// What is done in a second; 0 where nothing is counted.
double rate(const Result& result) {
  return result.amount * 1000 / result.ms.median;
}

nlohmann::ordered_json json_of(const Result& result) {
  nlohmann::ordered_json object;
  object["group"] = result.group;
  object["what"] = result.what;
  object["ms"] = result.ms.median;
  object["q25_ms"] = result.ms.q25;
  object["q75_ms"] = result.ms.q75;
  object["per_second"] = nullptr;
  if (result.amount > 0) {
    object["per_second"] = rate(result);
    object["unit"] = result.unit;
  }
  auto& ratios = object["ratios"] = nlohmann::ordered_json::object();
  for (const auto& [name, value] : result.ratios) ratios[name] = value;
  return object;
}

}  // namespace

void print_machine(int threads) {
  std::cout << fmt::format(
                   "expandnet {}, LibTorch {}, {}, {} of {} cores compute\n",
                   EXPANDNET_VERSION, TORCH_VERSION, device_name(c10::kCPU),
                   threads, std::thread::hardware_concurrency())
            << std::flush;
}

void print(const std::vector<Result>& results) {
  for (const auto& result : results) {
    std::string ratios;
    for (const auto& [name, value] : result.ratios) {
      ratios += fmt::format("  {:.2f} {}", value, name);
    }
    std::cout << fmt::format(
        "{:<14}{:<36}{:>10.1f} ms{:>22}{:>16}{}\n", result.group, result.what,
        result.ms.median,
        fmt::format("({:.1f} - {:.1f})", result.ms.q25, result.ms.q75),
        result.amount > 0
            ? fmt::format("{:.0f} {}/s", rate(result), result.unit)
            : std::string("-"),
        ratios);
  }
  std::cout << std::flush;
}

void write_json(const std::string& path, const std::vector<Result>& results) {
  if (path.empty()) return;
  auto list = nlohmann::ordered_json::array();
  for (const auto& result : results) list.push_back(json_of(result));
  write_file_atomically(path, list.dump(2) + "\n");
}

}  // namespace expandnet::examples::bench
