#include "analyzer/plan/layer_split.h"

namespace sextant {

std::vector<LayerRange> split_evenly(int layers, int stages, Remainder remainder) {
  const int each = layers / stages;
  const int left = layers % stages;
  std::vector<LayerRange> out;
  for (int s = 0, first = 0; s < stages; ++s) {
    int size = each;
    switch (remainder) {
      case Remainder::kFirstStages:
        size += s < left ? 1 : 0;
        break;
      case Remainder::kLastStages:
        size += s >= stages - left ? 1 : 0;
        break;
      case Remainder::kLastStage:
        size += s == stages - 1 ? left : 0;
        break;
    }
    out.push_back({first, first + size});
    first += size;
  }
  return out;
}

}  // namespace sextant
