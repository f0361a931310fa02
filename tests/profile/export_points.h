#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/profile/export/exporters.h"
#include "tests/profile/toy_points.h"

namespace sextant {

inline constexpr double kMib = 1024.0 * 1024.0;

/// Microbatch `m` of a model of embedding, three blocks, final norm and head, all of whose times
/// and tensors are split by tp save for the stream between layers (1 MiB a sequence). Everything a
/// format may ask for is there.
inline PointDocument export_point(int tp, int m) {
  PointDocument point = toy_point(tp, m);
  point.kinds.clear();
  const auto add = [&](const char* name, double forward_s, double parameter_mib, double input_mib,
                       double saved_mib) -> LayerKindProfile& {
    LayerKindProfile kind;
    kind.kind = name;
    kind.forward = phase(forward_s * m / tp);
    kind.backward = phase(2 * forward_s * m / tp);
    kind.update = phase(0.003 / tp);
    kind.parameter_bytes = parameter_mib * kMib / tp;
    kind.input_bytes = input_mib * kMib * m;
    kind.output_bytes = kMib * m;
    kind.saved_activation_bytes = saved_mib * kMib * m / tp;
    const double parameters = kind.parameter_bytes;
    kind.training_memory = TrainingMemory{
        parameters, 2 * parameters, 4 * kMib,
        6 * kMib,   kMib,           4 * parameters + kind.saved_activation_bytes + 6 * kMib};
    point.kinds.push_back(kind);
    return point.kinds.back();
  };
  const auto operators = [&](LayerKindProfile& kind,
                             const std::vector<std::pair<OperatorProfile, bool>>& list) {
    double k = 0;
    for (auto [op, is_split] : list) {
      ++k;
      op.forward_s = 1e-4 * k * m / tp;
      op.backward_s = 2e-4 * k * m / tp;
      op.parameter_bytes *= kMib / tp;
      op.output_bytes *= kMib * m / (is_split ? tp : 1);
      op.saved_bytes *= kMib * m / tp;
      kind.operators.push_back(op);
    }
  };
  // Name, times (set above), MiB of parameters, output and saved; whether the output is split.
  operators(add("embedding", 0.001, 64, 0.0625, 0.0625),
            {{{"token_embedding", 0, 0, 60, 1, 0.0625}, false},
             {{"position_embedding", 0, 0, 4, 1, 0}, false}});
  operators(add("block", 0.01, 16, 1, 32), {{{"attention_norm", 0, 0, 0, 1, 1}, false},
                                            {{"attention_qkv", 0, 0, 4, 3, 2}, true},
                                            {{"attention", 0, 0, 0, 1, 4}, true},
                                            {{"attention_output", 0, 0, 2, 1, 1}, false},
                                            {{"attention_residual", 0, 0, 0, 1, 0}, false},
                                            {{"ffn_norm", 0, 0, 0, 1, 1}, false},
                                            {{"ffn_up", 0, 0, 5, 4, 1}, true},
                                            {{"gelu", 0, 0, 0, 4, 16}, true},
                                            {{"ffn_down", 0, 0, 5, 1, 4}, false},
                                            {{"ffn_residual", 0, 0, 0, 1, 0}, false}});
  operators(add("final_norm", 0.0005, 1, 1, 2), {{{"final_norm", 0, 0, 1, 1, 2}, false}});
  operators(add("head", 0.004, 64, 1, 8),
            {{{"logits", 0, 0, 64, 8, 2}, true}, {{"loss", 0, 0, 0, 0, 6}, true}});
  point.sequence = {{0, 1}, {1, 3}, {2, 1}, {3, 1}};
  return point;
}

/// Tensor degrees 1, 2, 4 at microbatches 1 and 2.
inline std::vector<PointDocument> export_grid() {
  std::vector<PointDocument> points;
  for (const int tp : {1, 2, 4}) {
    for (const int m : {1, 2}) points.push_back(export_point(tp, m));
  }
  return points;
}

}  // namespace sextant
