#include "benchmarks/step/product_time.h"

#include <chrono>
#include <cstring>
#include <memory>

namespace expandnet::examples::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// LibTorch takes functions without a state of their own.
thread_local Clock::duration total;

struct Started : at::ObserverContext {
  Clock::time_point time;
};

bool is_product(const at::RecordFunction& function) {
  for (const auto* name : {"aten::mm", "aten::bmm"}) {
    if (std::strcmp(function.name(), name) == 0) return true;
  }
  return false;
}

std::unique_ptr<at::ObserverContext> start(const at::RecordFunction& function) {
  if (!is_product(function)) return nullptr;
  auto started = std::make_unique<Started>();
  started->time = Clock::now();
  return started;
}

void end(const at::RecordFunction& /*function*/, at::ObserverContext* context) {
  if (context == nullptr) return;
  total += Clock::now() - static_cast<Started*>(context)->time;
}

}  // namespace

ProductTime::ProductTime()
    : handle_(at::addThreadLocalCallback(
          at::RecordFunctionCallback(start, end)
              .scopes({at::RecordScope::FUNCTION}))) {
  total = {};
}

ProductTime::~ProductTime() { at::removeCallback(handle_); }

double ProductTime::milliseconds() const {
  return std::chrono::duration<double, std::milli>(total).count();
}

}  // namespace expandnet::examples::bench
