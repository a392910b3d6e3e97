// Processes are threads here: what they send is what real ones send
// (tests/distributed has those).
#include <ATen/ops/cat.h>
#include <ATen/ops/stack.h>
#include <expandnet/nn/sync_batch_norm.h>
#include <gtest/gtest.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/nn/modules/container/sequential.h>
#include <torch/types.h>
#include <torch/utils.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <numeric>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "testing.h"

namespace expandnet::testing {
namespace {

/// Hands every thread the rows of all.
class Exchange {
 public:
  explicit Exchange(std::size_t size) : rows_(size) {}

  GatherRows of(std::size_t rank) {
    return [this, rank](const at::Tensor& row) {
      std::unique_lock<std::mutex> lock(mutex_);
      rows_[rank] = row;
      const auto round = rounds_;
      if (++arrived_ == rows_.size()) {
        all_ = at::stack(rows_);
        arrived_ = 0;
        ++rounds_;
        complete_.notify_all();
      } else {
        complete_.wait(lock, [&] { return rounds_ != round; });
      }
      return all_;
    };
  }
  [[nodiscard]] int rounds() const { return rounds_; }

 private:
  std::mutex mutex_;
  std::condition_variable complete_;
  std::vector<at::Tensor> rows_;
  at::Tensor all_;
  std::size_t arrived_ = 0;
  int rounds_ = 0;
};

/// What a step leaves: undefined where there is none.
struct Pass {
  at::Tensor output, of_input, of_weight, of_bias, mean, variance;
};

/// The loss is the sum of the outputs times `slopes`.
template <typename Holder>
Pass pass(Holder& norm, const at::Tensor& x, const at::Tensor& slopes) {
  const auto input = x.clone().set_requires_grad(true);
  const auto output = norm(input);
  (output * slopes).sum().backward();
  return {output.detach(),
          input.grad(),
          norm->weight.defined() ? norm->weight.grad() : at::Tensor(),
          norm->bias.defined() ? norm->bias.grad() : at::Tensor(),
          norm->running_mean,
          norm->running_var};
}

struct Geometry {
  std::vector<std::int64_t> batches;  ///< of each process
  std::vector<std::int64_t> sample;   ///< [C, *spatial]
  bool affine = true;
  bool tracks = true;
  std::optional<double> momentum = 0.1;
  bool channels_last = false;

  [[nodiscard]] torch::nn::BatchNormOptions options() const {
    return torch::nn::BatchNormOptions(sample[0])
        .affine(affine)
        .track_running_stats(tracks)
        .momentum(momentum)
        .eps(1e-3);
  }
};

/// The parameters of both, drawn.
template <typename A, typename B>
void draw_alike(A& a, B& b, at::ScalarType dtype) {
  a->to(dtype);
  b->to(dtype);
  if (!a->weight.defined()) return;
  const torch::NoGradGuard no_grad;
  b->weight.copy_(a->weight.normal_());
  b->bias.copy_(a->bias.normal_());
}

template <typename Plain, typename Sync>
void expect_the_whole_batch(const Geometry& geometry,
                            const Precision& precision) {
  const auto count = geometry.batches.size();
  Plain whole(geometry.options());
  Exchange exchange(count);
  std::vector<Sync> norms;
  for (std::size_t rank = 0; rank < count; ++rank) {
    norms.emplace_back(geometry.options());
    norms.back()->synchronize(exchange.of(rank));
  }
  draw_alike(whole, norms[0], precision.dtype);
  for (auto& norm : norms) {
    norm->to(precision.dtype);
    if (!norm->weight.defined()) continue;
    const torch::NoGradGuard no_grad;
    norm->weight.copy_(whole->weight);
    norm->bias.copy_(whole->bias);
  }
  for (int step = 0; step < 2; ++step) {  // statistics add up
    std::vector<std::int64_t> sizes = geometry.sample;
    sizes.insert(sizes.begin(),
                 std::accumulate(geometry.batches.begin(),
                                 geometry.batches.end(), std::int64_t{0}));
    // A mean far from 0, as of images.
    auto x = torch::randn(sizes, precision.dtype) * 3 + 5;
    if (geometry.channels_last) {
      x = x.contiguous(at::MemoryFormat::ChannelsLast);
    }
    const auto slopes = torch::randn(sizes, precision.dtype);
    for (auto& norm : norms) norm->zero_grad();
    whole->zero_grad();
    const auto expected = pass(whole, x, slopes);
    const auto parts = x.split_with_sizes(geometry.batches);
    const auto slope_parts = slopes.split_with_sizes(geometry.batches);
    std::vector<Pass> passes(count);
    std::vector<std::thread> threads;
    for (std::size_t rank = 0; rank < count; ++rank) {
      threads.emplace_back([&, rank] {
        passes[rank] = pass(norms[rank], parts[rank], slope_parts[rank]);
      });
    }
    for (auto& thread : threads) thread.join();

    std::vector<at::Tensor> outputs, of_inputs;
    at::Tensor of_weight, of_bias;
    const auto add = [](at::Tensor& sum, const at::Tensor& part) {
      sum = sum.defined() ? sum + part : part;
    };
    for (const auto& one : passes) {
      outputs.push_back(one.output);
      of_inputs.push_back(one.of_input);
      if (geometry.affine) add(of_weight, one.of_weight);
      if (geometry.affine) add(of_bias, one.of_bias);
      if (!geometry.tracks) continue;
      EXPECT_LE(relative_error(one.mean, expected.mean), precision.tolerance);
      EXPECT_LE(relative_error(one.variance, expected.variance),
                precision.tolerance);
      EXPECT_TRUE(one.mean.equal(passes[0].mean));
      EXPECT_TRUE(one.variance.equal(passes[0].variance));
    }
    EXPECT_LE(relative_error(at::cat(outputs), expected.output),
              precision.tolerance);
    EXPECT_LE(relative_error(at::cat(of_inputs), expected.of_input),
              precision.tolerance);
    if (!geometry.affine) continue;
    EXPECT_LE(relative_error(of_weight, expected.of_weight),
              precision.tolerance);
    EXPECT_LE(relative_error(of_bias, expected.of_bias), precision.tolerance);
  }
  EXPECT_EQ(exchange.rounds(), 4);  // one forward, one backward
}

class SyncBatchNormOf : public ::testing::TestWithParam<Precision> {};

TEST_P(SyncBatchNormOf, SeveralProcessesIsBatchNormOfTheWholeBatch) {
  using namespace torch::nn;  // NOLINT
  torch::manual_seed(0);
  const auto p = GetParam();
  expect_the_whole_batch<BatchNorm1d, SyncBatchNorm1d>({{3, 2}, {4}}, p);
  expect_the_whole_batch<BatchNorm1d, SyncBatchNorm1d>({{1, 1, 1}, {3, 5}}, p);
  expect_the_whole_batch<BatchNorm2d, SyncBatchNorm2d>({{3, 1}, {2, 5, 4}}, p);
  expect_the_whole_batch<BatchNorm2d, SyncBatchNorm2d>(
      {{1, 4, 2}, {6, 3, 2}, /*affine=*/false}, p);
  expect_the_whole_batch<BatchNorm2d, SyncBatchNorm2d>(
      {{2, 5}, {3, 4, 4}, /*affine=*/true, /*tracks=*/false}, p);
  expect_the_whole_batch<BatchNorm2d, SyncBatchNorm2d>(
      {{2, 1}, {8, 3, 3}, true, true, /*momentum=*/std::nullopt}, p);
  expect_the_whole_batch<BatchNorm2d, SyncBatchNorm2d>(
      {{2, 3}, {5, 4, 3}, true, true, 0.3, /*channels_last=*/true}, p);
  expect_the_whole_batch<BatchNorm3d, SyncBatchNorm3d>({{2, 3}, {2, 2, 3, 2}},
                                                       p);
  expect_the_whole_batch<BatchNorm2d, SyncBatchNorm2d>({{4, 0}, {2, 3, 3}}, p);
}

INSTANTIATE_TEST_SUITE_P(Dtypes, SyncBatchNormOf,
                         ::testing::Values(kDouble, kFloat),
                         [](const auto& info) { return name_of(info.param); });

/// Counts what is sent, to nobody.
GatherRows counting(std::atomic<int>& sent) {
  return [&sent](const at::Tensor& row) {
    ++sent;
    return row.unsqueeze(0);
  };
}

TEST(SyncBatchNorm, IsBatchNormToTheBitUntilItIsSynchronized) {
  torch::manual_seed(0);
  SyncBatchNorm2d norm(3);
  torch::nn::BatchNorm2d plain(3);
  const auto x = torch::randn({4, 3, 5, 5});
  const auto slopes = torch::randn_like(x);
  const auto actual = pass(norm, x, slopes);
  const auto expected = pass(plain, x, slopes);
  EXPECT_FALSE(norm->is_synchronized());
  EXPECT_TRUE(actual.output.equal(expected.output));
  EXPECT_TRUE(actual.of_input.equal(expected.of_input));
  EXPECT_TRUE(actual.variance.equal(expected.variance));
  EXPECT_EQ(norm->named_parameters().keys(), plain->named_parameters().keys());
  EXPECT_EQ(norm->named_buffers().keys(), plain->named_buffers().keys());
}

TEST(SyncBatchNorm, SendsNothingInEvaluation) {
  torch::manual_seed(0);
  std::atomic<int> sent = 0;
  SyncBatchNorm2d norm(3);
  norm->synchronize(counting(sent));
  const auto x = torch::randn({4, 3, 5, 5});
  norm(x).sum().backward();
  EXPECT_EQ(sent, 2);
  norm->eval();
  const auto mean = norm->running_mean.clone();
  norm(x).sum().backward();
  EXPECT_EQ(sent, 2);
  EXPECT_TRUE(norm->running_mean.equal(mean));
  EXPECT_EQ(norm->num_batches_tracked.item<std::int64_t>(), 1);
}

TEST(SyncBatchNorm, CopiesAreNotSynchronized) {
  torch::manual_seed(0);
  std::atomic<int> sent = 0;
  SyncBatchNorm2d norm(3);
  norm->synchronize(counting(sent));
  norm(torch::randn({2, 3, 2, 2}));
  torch::nn::Sequential model(norm);
  const auto copy =
      std::dynamic_pointer_cast<torch::nn::SequentialImpl>(model->clone());
  EXPECT_TRUE(copy->parameters()[0].equal(norm->weight));
  EXPECT_FALSE(copy->parameters()[0].is_same(norm->weight));
  EXPECT_TRUE(copy->buffers()[0].equal(norm->running_mean));
  sent = 0;
  copy->forward(torch::randn({2, 3, 2, 2}));
  EXPECT_EQ(sent, 0);
}

TEST(SyncBatchNormErrors, NameWhatIsWrong) {
  std::atomic<int> sent = 0;
  SyncBatchNorm2d norm(3);
  norm->synchronize(counting(sent));
  EXPECT_EQ(error_of([&] {
              norm(torch::ones({2, 4, 2, 2}));
            }),
            "SyncBatchNorm: an input must have 3 channels, got 4");
  EXPECT_EQ(sent, 0);
  const auto x = torch::randn({2, 3, 2, 2}).requires_grad_();
  const auto y = norm(x).pow(2).sum();
  EXPECT_EQ(error_of([&] {
              torch::autograd::grad({y}, {x}, {}, std::nullopt,
                                    /*create_graph=*/true);
            }),
            "SyncBatchNorm: a gradient over several processes must not be "
            "differentiated again, got create_graph; call "
            "synchronize(nullptr)");
}

}  // namespace
}  // namespace expandnet::testing
