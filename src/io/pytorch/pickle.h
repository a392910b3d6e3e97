// pickle.h: parses Python pickles without executing them.
//
// A pickle is a program: it names functions of Python ("globals") and calls
// them. This parser keeps a name as a name and records a call with its
// arguments as an opaque value; it never executes one. A pickle cannot reach
// any other code. The one exception is collections.OrderedDict, whose objects
// become dictionaries.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Reads a pickle of protocol 2 to 5. Items that a dictionary, list or
/// OrderedDict gets later are included in it; the state of an OrderedDict is
/// dropped. Also reads pickles of Python 2, which makes an OrderedDict from a
/// list of pairs.
///
/// Throws `std::runtime_error`, with `where` and the offset in bytes, at the
/// first instruction that is unknown, truncated, or finds wrong values on the
/// stack, and if bytes are left at the end. Time is linear in the bytes; memory
/// is at most about 150 bytes per byte. Never recurses.
[[nodiscard]] Pickle read_pickle(const std::string& where,
                                 std::string_view bytes);

/// The same for one of several pickles, which begins at byte `offset`: moves
/// `offset` to its end.
[[nodiscard]] Pickle read_next_pickle(const std::string& where,
                                      std::string_view bytes,
                                      std::size_t& offset);

}  // namespace expandnet
