#pragma once

// What Metis knows of a model, in its own units: milliseconds and MiB by layer, microbatch size and
// tensor degree; private to metis/ here and in planner/training.

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::metis {

/// Sums over ranges of layers.
class LayerSums {
 public:
  LayerSums() = default;
  explicit LayerSums(const std::vector<double>& layers);
  double of(int first, int end) const {
    return before_[static_cast<std::size_t>(end)] - before_[static_cast<std::size_t>(first)];
  }
  double total() const { return before_.back(); }

 private:
  std::vector<double> before_ = {0};
};

/// One file of the published tables, or one point of a profile: a GPU type at one microbatch size
/// and one tensor degree.
struct Point {
  LayerSums compute_ms;   ///< forward and backward of one microbatch
  LayerSums memory_mib;   ///< state and the activations of one microbatch
  double fb_sync_ms = 0;  ///< what the profiled iteration took beside the layers
  double optimizer_ms = 0;
  std::vector<double> layer_ms;
  std::vector<double> parameter_bytes;
};

/// The published code takes these from the one profile that its directory listing yields first,
/// for all GPU types and degrees.
struct Reference {
  LayerSums parameter_bytes;     ///< unsharded
  double optimizer_ms = 0;       ///< of the unsharded model
  std::vector<double> layer_ms;  ///< layers in proportion to one another
};

/// Where the published code reads its profiles, which decides the one that it reads first.
enum class Reader {
  kPlanner,     ///< the folders of the A100-40 and the V100-16, whatever the cluster has
  kValidation,  ///< the folders of all GPU types
};

/// The published tables (Metis/profiles/MODEL/GPU/mbsM_tmpT.json) of each GPU type that they have,
/// the others' derived from problem.profile. Read when first asked for; of one thread.
class Tables {
 public:
  /// `gpus` are told apart by their index from here on. Throws Error(kBadInput) where nothing is
  /// known of one.
  Tables(const TrainingProblem& problem, std::vector<std::string> gpus, Reader reader);
  ~Tables();

  /// Null where that was not profiled. Throws Error(kBadInput) naming the file and the place where
  /// a table is malformed.
  const Point* find(int gpu, int microbatch, int tp);
  /// Throws Error(kBadInput) naming what is missing and what there is.
  const Point& at(int gpu, int microbatch, int tp);

  const std::vector<std::string>& gpus() const { return gpus_; }
  int layer_count() const { return problem_.profile.layer_count; }
  const Reference& reference() const { return reference_; }
  /// Of all GPU types that the reader reads.
  int largest_tp() const { return largest_tp_; }
  /// The largest that every GPU type that the reader reads was profiled at, at its least degree.
  int largest_microbatch() const { return largest_microbatch_; }

 private:
  struct Source;

  Source source_of(const std::string& gpu) const;
  std::unique_ptr<Point> read(const Source& source, int microbatch, int tp) const;
  std::unique_ptr<Point> read_published(const std::filesystem::path& file) const;
  std::unique_ptr<Point> derive(const std::string& gpu, int microbatch, int tp) const;
  void choose_reference(Reader reader);

  const TrainingProblem& problem_;
  std::vector<std::string> gpus_;
  std::vector<Source> sources_;  ///< by GPU
  Reference reference_;
  int largest_tp_ = 1;
  int largest_microbatch_ = 1;
};

}  // namespace sextant::metis
