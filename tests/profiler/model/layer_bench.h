#pragma once

#include <memory>

#include "profiler/model/layer.h"
#include "tests/profiler/model/reference.h"

namespace sextant::testing {

/// One layer with whole parameters, an input, labels and an output gradient, all double and random;
/// and what a rank of a group has of them.
class LayerBench {
 public:
  /// `type` rounds every value to what the storage type holds, so that the reference starts from
  /// the same numbers.
  LayerBench(ModelDescription model, LayerCase layer, LayerOptions options);

  const ModelDescription& model() const { return model_; }
  const LayerOptions& options() const { return options_; }
  const LayerCase& layer() const { return layer_; }

  struct Results {
    at::Tensor output;
    at::Tensor input_gradient;  ///< undefined of the embedding
    WholeParameters gradients;
  };
  /// The reference's.
  Results reference() const;
  /// One rank's, with its share of the whole parameters and inputs.
  Results on_rank(profiler::Collectives& group, profiler::Marks* marks = nullptr) const;

  /// What `whole` results are on one rank.
  Results share_of(const Results& whole, profiler::Collectives& group) const;

  profiler::LayerSetup setup(profiler::Collectives& group) const;
  std::unique_ptr<profiler::Layer> make(profiler::Collectives& group) const;
  /// The rank's input, a leaf that wants a gradient unless it is token ids.
  at::Tensor input(const profiler::Collectives& group) const;
  at::Tensor output_gradient(const profiler::Collectives& group) const;

 private:
  at::Tensor own_tokens(const at::Tensor& whole, const profiler::Collectives& group) const;

  ModelDescription model_;
  LayerCase layer_;
  LayerOptions options_;
  WholeParameters parameters_;
  at::Tensor input_;
  at::Tensor labels_;
  at::Tensor output_gradient_;
};

/// The rank's part of a whole parameter.
at::Tensor cut(const at::Tensor& whole, const profiler::Sharding& sharding, int rank, int tp);

/// |a - b| / |b| in the Frobenius norm.
double relative_error(const at::Tensor& a, const at::Tensor& b);

}  // namespace sextant::testing
