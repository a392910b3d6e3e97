// The part of Gloo's header of this name that c10d's ProcessGroupGloo.hpp uses:
// LibTorch contains Gloo, but not its headers. See context.h.
#pragma once
