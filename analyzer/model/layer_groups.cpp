#include "analyzer/model/layer_groups.h"

#include <algorithm>

namespace sextant {

std::vector<LayerGroup> layer_groups(const ModelDescription& model, const LayerOptions& options) {
  std::vector<LayerGroup> groups;
  int block = 0;
  for (const LayerKind kind : layer_sequence(model)) {
    const int index = kind == LayerKind::kBlock ? block++ : 0;
    const bool windowed = kind == LayerKind::kBlock && has_window(model, index);
    const auto same = std::find_if(groups.begin(), groups.end(), [&](const LayerGroup& group) {
      return group.kind == kind && group.windowed == windowed;
    });
    if (same != groups.end()) {
      ++same->count;
    } else {
      groups.push_back({kind, windowed, 1, layer_cost(model, kind, options, index)});
    }
  }
  return groups;
}

}  // namespace sextant
