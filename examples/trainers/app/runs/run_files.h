// run_files.h: the names of files in a run's folder.
#pragma once

namespace expandnet::examples {

inline constexpr const char* kConfigurationFile = "configuration.ini";
inline constexpr const char* kClassesFile = "classes.txt";
/// Of a detector, whose anchors were fitted to the boxes it trains on.
inline constexpr const char* kAnchorsFile = "anchors.txt";
/// Of a net that gives pixels classes, where these are weighted in its loss.
inline constexpr const char* kClassWeightsFile = "class_weights.txt";
inline constexpr const char* kLogFile = "log.jsonl";
/// What --confusion has measured, a line an epoch.
inline constexpr const char* kConfusionFile = "confusion.jsonl";
inline constexpr const char* kSkippedFile = "skipped.txt";
inline constexpr const char* kWeightsFile = "weights.pt";
/// The net that --net names, where it is a file of TorchScript.
inline constexpr const char* kScriptFile = "script.pt";
/// The weights that --weights names, as the run began with them.
inline constexpr const char* kStartFile = "start.pth";
/// The digest of the teacher that the run began with.
inline constexpr const char* kTeacherFile = "teacher.sha1";
/// While someone trains it.
inline constexpr const char* kClaimFile = "claim.lock";
inline constexpr const char* kRunResultFile = "run.json";

}  // namespace expandnet::examples
