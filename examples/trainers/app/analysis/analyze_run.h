// analyze_run.h: analyzes landscape, curvature and ranks of a trained net.
#pragma once

#include <expandnet/train/interrupt.h>
#include <expandnet/train/model.h>

#include <cstdint>
#include <string>

#include "trainers/app/analysis/analysis_file.h"
#include "trainers/app/analysis/sample.h"
#include "trainers/app/report/console.h"

namespace expandnet::examples {

struct AnalysisOptions {
  std::int64_t images = 2000;  ///< number of training images
  std::int64_t steps = 51;     ///< on a line, and along each side of a plane
  bool plane = true;           ///< false: only a line
  /// Largest number of Hessian-vector products for the largest eigenvalue, and
  /// again for the trace; 0: computes neither.
  std::int64_t products = 100;
  std::uint64_t seed = 0;  ///< of images, directions and vectors
};

/// Thrown when an analysis is asked to stop.
struct Interrupted {};

/// Analyzes a contracted net, part by part. Parts that the file already has are
/// not computed again. Each part, and each row of a plane, is written to the
/// file as soon as it is computed.
class RunAnalysis {
 public:
  /// All arguments must outlive this object. `name` identifies the run on the
  /// console.
  RunAnalysis(std::string name, train::Model net, const Sample& sample,
              tasks::Metric metric, const AnalysisOptions& options,
              AnalysisFile& file);

  /// Throws `Interrupted` soon after `interrupt` was requested.
  void run(Console& console, const train::Interrupt& interrupt);

  /// The work of an analysis, and how much of it the file has, in evaluations.
  [[nodiscard]] static double work(const AnalysisOptions& options);
  [[nodiscard]] static double work_done(const AnalysisOptions& options,
                                        const AnalysisFile& file);

 private:
  void add_training(Console& console);
  void add_ranks();
  void add_curvature(Console& console, const train::Interrupt& interrupt);
  void add_line(Console& console, const train::Interrupt& interrupt);
  void add_plane(Console& console, const train::Interrupt& interrupt);

  std::string name_;
  train::Model net_;
  const Sample& sample_;
  tasks::Metric metric_;
  AnalysisOptions options_;
  AnalysisFile& file_;
};

}  // namespace expandnet::examples
