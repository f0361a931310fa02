#include "analyzer/plan/rank_layout.h"

#include <algorithm>

#include <fmt/format.h>

namespace sextant {

std::string text(const RankPlace& place, const Plan& plan) {
  const Pipeline& pipeline = plan.pipelines[static_cast<std::size_t>(place.pipeline)];
  const Stage& stage = pipeline.stages[static_cast<std::size_t>(place.stage)];
  std::string out;
  if (plan.pipelines.size() > 1) out += fmt::format("pipeline {} ", place.pipeline);
  out += fmt::format("stage {}", place.stage);
  if (stage.replicas.size() > 1) out += fmt::format(" replica {}", place.replica);
  if (stage.replicas[static_cast<std::size_t>(place.replica)].tp > 1) {
    out += fmt::format(" tp rank {}", place.tp_rank);
  }
  return out;
}

RankLayout::RankLayout(const Plan& plan) {
  for (std::size_t p = 0; p < plan.pipelines.size(); ++p) {
    const std::vector<Stage>& stages = plan.pipelines[p].stages;
    for (std::size_t s = 0; s < stages.size(); ++s) {
      for (std::size_t r = 0; r < stages[s].replicas.size(); ++r) {
        for (int t = 0; t < stages[s].replicas[r].tp; ++t) {
          places_.push_back({static_cast<int>(p), static_cast<int>(s), static_cast<int>(r), t});
        }
      }
    }
  }
}

int RankLayout::rank(const RankPlace& place) const {
  return static_cast<int>(std::lower_bound(places_.begin(), places_.end(), place) -
                          places_.begin());
}

}  // namespace sextant
