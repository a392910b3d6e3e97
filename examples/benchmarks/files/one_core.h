// one_core.h: work that is kept on one core, so that others compare with it.
#pragma once

#include <sched.h>

namespace expandnet::examples::bench {

/// While it lasts, this thread, and what it starts, run on one core.
class OneCore {
 public:
  OneCore() {
    ::sched_getaffinity(0, sizeof(before_), &before_);
    int first = 0;
    while (CPU_ISSET(first, &before_) == 0) ++first;
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ::sched_setaffinity(0, sizeof(one), &one);
  }
  ~OneCore() { ::sched_setaffinity(0, sizeof(before_), &before_); }
  OneCore(const OneCore&) = delete;
  OneCore& operator=(const OneCore&) = delete;

 private:
  cpu_set_t before_ = {};
};

}  // namespace expandnet::examples::bench
