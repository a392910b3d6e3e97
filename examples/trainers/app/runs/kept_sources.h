// kept_sources.h: what runs keep of files that others may change.
#pragma once

#include <string>
#include <vector>

#include "trainers/app/settings/settings.h"

namespace expandnet::examples {

/// Keeps the weights of --weights in `settings.out`, and in each of the runs'
/// folders: a run goes on, and is contracted, with the weights that it began
/// with, wherever the file is then. Does nothing without the flag.
void keep_start(const Settings& settings, const std::vector<std::string>& runs);

/// Keeps the digest of --teacher in the same folders. Throws `c10::Error` where
/// a folder has that of another teacher. Does nothing without the flag.
void keep_teacher(const Settings& settings,
                  const std::vector<std::string>& runs);

}  // namespace expandnet::examples
