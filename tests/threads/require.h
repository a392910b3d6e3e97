// require.h: what ends a stress test.
#pragma once

#include <cstdio>
#include <cstdlib>

inline void require(bool condition, const char* rule) {
  if (condition) return;
  std::fprintf(stderr, "failed: %s\n", rule);
  std::abort();
}
