// pickle.h: what a Python pickle describes, none of it executed.
//
// A pickle is a program: it names functions of Python ("globals") and calls
// them. Here a name stays a name, and a call stays a note of what would be
// called with what: an opaque value, never executed. There is no way from a
// pickle to any other code. The one exception is collections.OrderedDict, whose
// objects are dictionaries here.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "io/pytorch/pickle_value.h"

namespace expandnet {

/// Reads a pickle of protocol 2 to 5. What a dictionary, list or OrderedDict is
/// given later is in it; the state of an OrderedDict is dropped. Python 2,
/// whose OrderedDicts are made of a list of pairs, is read, too.
///
/// Throws `std::runtime_error`, with `where` and the offset in bytes, at the
/// first instruction that is unknown, cut off, or finds the wrong things on the
/// stack, and when there are bytes left at the end. Takes time linear in the
/// bytes, and memory: at most some 150 bytes for each. Never recurses.
[[nodiscard]] Pickle read_pickle(const std::string& where,
                                 std::string_view bytes);

/// As above, for the pickle that begins at byte `offset` of several: moves
/// `offset` past its end.
[[nodiscard]] Pickle read_next_pickle(const std::string& where,
                                      std::string_view bytes,
                                      std::size_t& offset);

}  // namespace expandnet
