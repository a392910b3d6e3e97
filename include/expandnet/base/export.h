// export.h: the symbols that shared libraries export.
#pragma once

/// Marks a function or class that is used outside of its library. A shared
/// library that is built without tests (EXPANDNET_TESTS) hides all others. Has
/// no effect in a static library.
#define EXPANDNET_API __attribute__((visibility("default")))
