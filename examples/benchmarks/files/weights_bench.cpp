#include <ATen/Functions.h>
#include <ATen/Parallel.h>
#include <c10/util/Exception.h>
#include <expandnet/deploy/contract_weights.h>
#include <expandnet/io/safetensors/safetensors.h>
#include <expandnet/io/weights_file.h>
#include <expandnet/models/imagenet_recipes.h>
#include <expandnet/models/mobilenet_v1.h>
#include <expandnet/passes/expand.h>
#include <fcntl.h>
#include <torch/utils.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/error.h"
#include "benchmarks/files/bench.h"
#include "benchmarks/files/scratch.h"

namespace expandnet::examples::bench {

namespace {

constexpr std::int64_t kTensors = 16;
constexpr std::int64_t kOfficialParameters = 4'958'348;
constexpr std::int64_t kFactors = 3;  // of a chain of CL

/// What keeps the compiler from leaving out the work.
volatile std::uint64_t all_read = 0;

void write_large_file(const std::string& path, std::int64_t megabytes) {
  const auto numbers =
      megabytes * 1'000'000 / (kTensors * std::int64_t{sizeof(float)});
  Weights weights;
  for (std::int64_t i = 0; i < kTensors; ++i) {
    weights.tensors.emplace_back("layer." + std::to_string(i),
                                 at::rand({numbers}));
  }
  write_safetensors(weights, path);
}

/// Reads the file and looks at each byte.
void read_and_sum(const std::string& path) {
  std::array<std::uint64_t, 4> sums = {};  // as many additions at once
  for (const auto& [name, tensor] : read_safetensors(path).tensors) {
    const auto* bytes = static_cast<const char*>(tensor.const_data_ptr());
    for (std::size_t i = 0; i + sizeof(sums) <= tensor.nbytes();
         i += sizeof(sums)) {
      std::array<std::uint64_t, 4> words;
      std::memcpy(words.data(), bytes + i, sizeof(words));
      for (std::size_t k = 0; k < sums.size(); ++k) sums[k] += words[k];
    }
  }
  all_read = sums[0] + sums[1] + sums[2] + sums[3];
}

/// Reads the file into `buffer` by read(2).
void read_plainly(const std::string& path, char* buffer, std::size_t size) {
  const int file = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  std::size_t done = 0;
  while (file >= 0 && done < size) {
    const auto got = ::read(file, buffer + done, size - done);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    done += static_cast<std::size_t>(got);
  }
  ::close(file);
  if (done != size) throw_system_error("read", path, errno);
  all_read = static_cast<unsigned char>(buffer[size - 1]);
}

/// `model.3.<entry><rest>`, cut after the block.
struct InBlock {
  std::string block;  ///< "model.3."
  std::int64_t entry = 0;
  std::string rest;  ///< ".weight"
};

InBlock in_block(const std::string& name) {
  const auto begin = name.find('.', name.find('.') + 1) + 1;
  const auto end = name.find('.', begin);
  return {name.substr(0, begin), std::stoll(name.substr(begin, end - begin)),
          name.substr(end)};
}

/// The name that a tensor has in the paper's Python code, where the factors of
/// a chain, the first layer of each block, are entries of it.
std::string official_name(const std::string& name) {
  if (name.rfind("model.", 0) != 0) return name;
  const auto [block, entry, rest] = in_block(name);
  const std::string chain = ".chain.";
  if (rest.rfind(chain, 0) == 0) return block + rest.substr(chain.size());
  return block + std::to_string(entry + kFactors - 1) + rest;
}

/// A MobileNetV1 expanded by CL, as the paper's Python code saves it.
void write_official_checkpoint(const std::string& path) {
  models::MobileNetV1 net;
  const auto expansion =
      expand(*net, models::imagenet_recipe("mobilenet_v1", "paper"));
  Weights weights;
  std::int64_t parameters = 0;
  for (const auto& item : expansion.named_parameters()) {
    weights.tensors.emplace_back(official_name(item.key()),
                                 item.value().detach());
    parameters += item.value().numel();
  }
  for (const auto& item : net->named_buffers()) {
    weights.tensors.emplace_back(official_name(item.key()), item.value());
  }
  TORCH_INTERNAL_ASSERT(parameters == kOfficialParameters);
  write_weights(weights, path);
}

}  // namespace

std::vector<Result> bench_weights(const FilesArguments& arguments) {
  at::set_num_threads(1);
  const ScratchFolder scratch;
  const auto large = (scratch.path() / "large.safetensors").string();
  const auto official = (scratch.path() / "mobilenet_v1_cl.pth").string();
  const auto compact = (scratch.path() / "compact.safetensors").string();
  write_large_file(large, arguments.megabytes);
  write_official_checkpoint(official);
  const auto size = static_cast<std::size_t>(std::filesystem::file_size(large));
  const auto fresh = [size] { return std::unique_ptr<char[]>(new char[size]); };
  const auto kept = fresh();

  auto times = time_in_turns({[&] { read_and_sum(large); },
                              [&] { read_plainly(large, fresh().get(), size); },
                              [&] { read_plainly(large, kept.get(), size); }},
                             c10::kCPU, {arguments.rounds, /*warmup=*/1});
  const auto checkpoint = read_weights(official);
  ContractWeightsOptions by_shape;
  by_shape.by_shape = true;
  for (auto& time : time_in_turns(
           {[&] {
              write_weights(
                  contract_weights(read_weights(official), by_shape).weights,
                  compact);
            },
            [&] { static_cast<void>(contract_weights(checkpoint, by_shape)); }},
           c10::kCPU, {arguments.rounds, /*warmup=*/1})) {
    times.push_back(std::move(time));
  }

  const std::array<const char*, 5> what = {
      "read_safetensors, every byte", "read(2) into new memory",
      "read(2) into the same memory", "read, contract, write MobileNetV1",
      "contract_weights alone"};
  std::vector<Result> results(what.size());
  for (std::size_t i = 0; i < what.size(); ++i) {
    const bool reading = i < 3;
    results[i].group = reading ? "safetensors" : "contract";
    results[i].what = what[i];
    results[i].ms = quartiles(times[i]);
    if (!reading) continue;
    results[i].amount = static_cast<double>(size) / 1e6;
    results[i].unit = "MB";
  }
  for (const std::size_t i : {1, 2}) {
    results[0].ratios.emplace_back(std::string("x ") + what[i],
                                   median_ratio(times[i], times[0]));
  }
  return results;
}

}  // namespace expandnet::examples::bench
