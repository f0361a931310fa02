#pragma once

#include <utility>
#include <vector>

namespace sextant::flashflex {

/// What the formulas see of a model.
struct Shape {
  double sequence = 0;    ///< tokens
  double hidden = 0;      ///< width
  double vocabulary = 0;  ///< rows of the token table
  int blocks = 0;         ///< transformer layers
};

/// What they see of a GPU type.
struct Rating {
  double flop_per_s = 0;
  double memory_bytes = 0;
  double inside_bytes_per_s = 0;  ///< between two GPUs of one machine
};

/// A stage of a pipeline: tp GPUs of one type on one machine.
struct Stage {
  int type = 0;
  int machine = 0;  ///< any number that tells machines apart
  int tp = 1;
  double layers = 0;  ///< fractional where layers are not dealt out yet
};
using StageList = std::vector<Stage>;

/// The published cost model: one microbatch size for all, every machine joined to every other by
/// the slowest link that there is. Bytes are of fp32.
class Model {
 public:
  Model(const Shape& shape, std::vector<Rating> ratings, double between_bytes_per_s)
      : shape_(shape), ratings_(std::move(ratings)), between_bytes_per_s_(between_bytes_per_s) {}

  const Shape& shape() const { return shape_; }
  const Rating& rating(int type) const { return ratings_[static_cast<std::size_t>(type)]; }
  /// Between two GPUs; `type` matters only where they share a machine.
  double bytes_per_s(int type, bool same_machine) const {
    return same_machine ? rating(type).inside_bytes_per_s : between_bytes_per_s_;
  }

  /// Forward and backward of the stage's layers for one microbatch, seconds.
  double compute_s(const Stage& stage, int microbatch) const;
  /// Its tensor-parallel all-reduces.
  double tensor_s(const Stage& stage, int microbatch) const;
  /// Activations to the next stage and gradients back.
  double send_s(const Stage& from, const Stage& to, int microbatch) const;
  /// All three, by stage; the last stage sends nothing.
  std::vector<double> stage_s(const StageList& stages, int microbatch) const;
  /// Gradients of one transformer layer among the pipelines, whose stages that hold it are given.
  double layer_sync_s(const std::vector<const Stage*>& holders) const;
  /// What a GPU of the stage needs for one microbatch, bytes; `shards` GPUs share its layers.
  double memory_bytes(double layers, int shards, bool first, bool last, int microbatch) const;

 private:
  double message_bytes(int microbatch) const;

  Shape shape_;
  std::vector<Rating> ratings_;
  double between_bytes_per_s_;
};

/// The GPipe schedule: in each of microbatches + stages - 1 columns the slowest of the stages that
/// have a microbatch. There is at least one stage and one microbatch.
double columns_s(const std::vector<double>& stage_s, int microbatches);

/// The first of the slowest.
int slowest_stage(const std::vector<double>& stage_s);

}  // namespace sextant::flashflex
