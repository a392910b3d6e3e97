#include "benchmarks/report.h"

#include <expandnet/base/atomic_file.h>
#include <expandnet/version.h>
#include <fmt/format.h>
#include <torch/version.h>

#include <iostream>

#include "base/table.h"
#include "measuring/device.h"

namespace expandnet::examples::bench {

std::string range(const Quartiles& ms, int decimals) {
  return fmt::format("{:.{}f} - {:.{}f}", ms.q25, decimals, ms.q75, decimals);
}

void print_machine(c10::Device device, const std::string& more) {
  std::cout << fmt::format("expandnet {}, LibTorch {}, {}, {}\n",
                           EXPANDNET_VERSION, TORCH_VERSION,
                           device_name(device), more)
            << std::flush;
}

void print_table(const std::vector<std::string>& heads,
                 const std::vector<Row>& rows) {
  std::vector<std::vector<std::string>> cells;
  cells.reserve(rows.size());
  for (const auto& row : rows) cells.push_back(row.cells);
  TableOptions options;
  options.rule = false;
  std::cout << render_table(heads, cells, options) << std::flush;
}

void write_json(const std::string& path, const std::vector<Row>& rows) {
  if (path.empty()) return;
  auto list = nlohmann::ordered_json::array();
  for (const auto& row : rows) list.push_back(row.object);
  write_file_atomically(path, list.dump(2) + "\n");
}

}  // namespace expandnet::examples::bench
