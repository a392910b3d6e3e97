// run_files.h: the names of files in a run's folder.
#pragma once

namespace expandnet::examples {

inline constexpr const char* kConfigurationFile = "configuration.ini";
inline constexpr const char* kClassesFile = "classes.txt";
/// Only for a detector: the anchors fitted to its training boxes.
inline constexpr const char* kAnchorsFile = "anchors.txt";
/// Only for segmentation with weighted classes in the loss.
inline constexpr const char* kClassWeightsFile = "class_weights.txt";
/// Only for segmentation: the class of each index in the masks.
inline constexpr const char* kIndicesFile = "indices.txt";
/// How many images each set had, and a digest of their names.
inline constexpr const char* kImagesFile = "images.txt";
inline constexpr const char* kLogFile = "log.jsonl";
/// Results of --confusion, one line per epoch.
inline constexpr const char* kConfusionFile = "confusion.jsonl";
inline constexpr const char* kSkippedFile = "skipped.txt";
inline constexpr const char* kWeightsFile = "weights.pt";
/// A copy of the net of --net, if that is a TorchScript file.
inline constexpr const char* kScriptFile = "script.pt";
/// The weights that --weights names, as the run began with them.
inline constexpr const char* kStartFile = "start.pth";
/// The digest of the teacher that the run began with.
inline constexpr const char* kTeacherFile = "teacher.sha1";
/// Exists while a process trains the run.
inline constexpr const char* kClaimFile = "claim.lock";
inline constexpr const char* kRunResultFile = "run.json";

}  // namespace expandnet::examples
