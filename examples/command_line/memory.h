// memory.h: what becomes of memory that is freed.
#pragma once

namespace expandnet::examples {

/// Has malloc keep what is freed, as far as glibc's does it. LibTorch frees the
/// tensors of each step, and large ones would go back to the system, which
/// clears every page before it is used again; so a process stays as large as it
/// has been.
void keep_freed_memory();

}  // namespace expandnet::examples
