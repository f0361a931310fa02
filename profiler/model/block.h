#pragma once

#include <functional>

#include "profiler/model/attention_part.h"
#include "profiler/model/feed_forward.h"

namespace sextant::profiler {

/// A transformer block: attention, then the feed-forward part, each with its norm before it or
/// after its residual sum.
class Block : public Layer {
 public:
  Block(const LayerSetup& setup, const LayerShape& shape, int block);

  LayerKind kind() const override { return LayerKind::kBlock; }
  at::Tensor forward(const at::Tensor& input, Marks* operators) override;

  /// forward() that keeps what backward needs, whatever the options say; the function that
  /// recomputes runs it in backward.
  at::Tensor run(const at::Tensor& x, Marks* marks) const;

  const AttentionPart& attention() const { return attention_; }
  /// The block around attention that somebody else computes: `attend` maps the attention part's
  /// input to its output.
  at::Tensor run_around(const at::Tensor& x, Marks* marks,
                        const std::function<at::Tensor(const at::Tensor&)>& attend) const;

 private:
  bool norm_after_;
  bool recompute_;
  Norm attention_norm_;
  AttentionPart attention_;
  Norm ffn_norm_;
  std::unique_ptr<FeedForward> ffn_;
};

}  // namespace sextant::profiler
