#pragma once

#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "analyzer/profile/export/export_files.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

/// What a layer is to planners that know three sorts.
enum class LayerRole { kEmbedding, kBlock, kFinalNorm, kHead };
/// By the kind's name ("embedding", "final_norm", "head", with or without a suffix); all others are
/// blocks.
LayerRole role_of(const LayerKindProfile& kind);

/// Every layer of a point, from first to last.
std::vector<const LayerKindProfile*> layers_of(const PointDocument& point);

inline constexpr double kBytesPerMib = 1024.0 * 1024.0;  ///< what these tools write as "MB"
inline constexpr double kMsPerSecond = 1e3;
inline constexpr double kUsPerSecond = 1e6;

struct ExportOptions {
  /// GPUs that share a machine; none: 4, as in the published tables, or the largest tensor degree
  /// where that is larger.
  std::optional<int> gpus_per_node;
  /// Galvatron's slowdown of backward under communication, >= 1; none: its published figures.
  std::optional<double> overlap_coefficient;
};

/// What a format is written from: the points of one model, GPU type and variant, all of status ok
/// and of one sequence length.
class ExportInput {
 public:
  /// Throws Error(kBadInput) where two points have one tensor degree and microbatch.
  ExportInput(std::vector<PointDocument> points, ExportOptions options);

  const std::string& model() const { return points_.front().key.model; }
  const std::string& gpu() const { return points_.front().key.gpu; }
  const ProfileKey& key() const { return points_.front().key; }
  const std::vector<PointDocument>& points() const { return points_; }
  const ExportOptions& options() const { return options_; }
  int gpus_per_node() const;

  /// Null where it was not measured.
  const PointDocument* find(int tp, int microbatch) const;
  /// Sorted.
  std::vector<int> degrees() const;
  std::vector<int> microbatches() const;
  /// The weakest of its points.
  Evidence evidence() const;

 private:
  std::vector<PointDocument> points_;
  ExportOptions options_;
};

/// What a profile lacks for a format. Collected before anything is written, so that the user learns
/// of all of it at once.
class MissingParts {
 public:
  explicit MissingParts(const ExportInput& input) : input_(input) {}
  void need_point(int tp, int microbatch);
  /// `member` of layer kind `kind` in the point.
  void need_member(const PointDocument& point, const std::string& kind, const std::string& member);
  /// training_memory of every kind.
  void need_training_memory(const PointDocument& point);
  /// Throws Error(kBadInput) naming every part, and how to measure them: a `profile_model` command
  /// with `options` appended.
  void throw_if_any(const std::string& format, const std::string& options = "") const;

 private:
  const ExportInput& input_;
  std::map<std::string, std::vector<std::pair<int, int>>> parts_;
};

/// Parameters, gradients and optimizer state of a layer, bytes on a rank: measured, or else five
/// times fp32 parameters, as the published tables have it (weights, gradients, two moments, and a
/// communication buffer). Throws Error(kBadInput) for another optimizer or data type without
/// training_memory.
double model_state_bytes(const PointDocument& point, const LayerKindProfile& kind);

/// Of all layers, one optimizer step, seconds: the sum of updates, or the step that every layer
/// carries.
double optimizer_step_s(const PointDocument& point);

/// As Python's json.dump(…, indent=2) has it.
std::string python_json(const OrderedJson& value);

/// <tool>/profiles/<model>/<gpu>, each safe as a file name: where the published tables lie.
std::filesystem::path tool_folder(const char* tool, const ExportInput& input);

}  // namespace sextant
