// product_time.h: how long matrix products take within other work.
#pragma once

#include <ATen/record_function.h>

namespace expandnet::examples::bench {

/// Adds up the time of every matrix product that this thread computes on the
/// CPU, as long as it lives: one at a time.
class ProductTime {
 public:
  ProductTime();
  ~ProductTime();
  ProductTime(const ProductTime&) = delete;
  ProductTime& operator=(const ProductTime&) = delete;

  [[nodiscard]] double milliseconds() const;

 private:
  at::CallbackHandle handle_;
};

}  // namespace expandnet::examples::bench
