#pragma once

#include "analyzer/training/timeline.h"

namespace sextant::testing {

/// Two stages of `replicas` replicas, one microbatch: stage 0 computes 1 ms, sends for 0.25 ms
/// while it waits, gets the gradient at 4 ms, and synchronises at last.
inline Timeline two_stages(int replicas = 1) {
  Timeline t;
  for (int r = 0; r < replicas; ++r) {
    const int a = 2 * r, b = a + 1;
    t.tracks.insert(t.tracks.end(), {{0, 0, r}, {0, 1, r}});
    t.spans.insert(t.spans.end(),
                   {{a, Stream::kCompute, Activity::kForward, 0, 0, 0, 1e-3},
                    {a, Stream::kSend, Activity::kSendActivation, 0, 0, 1e-3, 1.25e-3},
                    {a, Stream::kCompute, Activity::kBackward, 0, 0, 4e-3, 6e-3},
                    {a, Stream::kSync, Activity::kSync, -1, 0, 6e-3, 6.5e-3},
                    {b, Stream::kCompute, Activity::kForward, 0, 0, 1.25e-3, 2e-3},
                    {b, Stream::kCompute, Activity::kBackward, 0, 0, 2e-3, 3.5e-3}});
    t.memory.insert(t.memory.end(), {{a, 0, 1 << 30}, {a, 1e-3, 3 << 29}, {b, 0, 1 << 29}});
  }
  t.end_s = 6.5e-3;
  return t;
}

}  // namespace sextant::testing
