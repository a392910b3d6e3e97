// export.h: what the shared libraries show.
#pragma once

/// Marks a function or class that is of use outside of the library that holds
/// it. All else is hidden in a shared library that is built without tests
/// (EXPANDNET_TESTS). Has no effect in a static one.
#define EXPANDNET_API __attribute__((visibility("default")))
