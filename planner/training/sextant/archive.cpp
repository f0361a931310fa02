#include "planner/training/sextant/archive.h"

#include <algorithm>
#include <string>

namespace sextant::search {

Archive::Shape Archive::shape_of(const Plan& plan) {
  std::vector<std::string> types;
  for (const GpuUse& use : gpus_used(plan)) {
    if (types.empty() || types.back() != use.gpu) types.push_back(use.gpu);
  }
  std::size_t stages = 0;
  for (const Pipeline& pipeline : plan.pipelines) stages += pipeline.stages.size();
  return {plan.microbatch, stages, plan.schedule, plan.zero_stage, plan.recompute, types};
}

double Archive::score_of(const Plan& plan, const Prediction& prediction) const {
  return goal_.score(prediction.iteration_s, prediction.usd_per_iter(), gpu_count(plan));
}

void Archive::add(JudgedPlan judged) {
  const auto [place, is_new] = by_shape_.try_emplace(shape_of(judged.plan));
  if (!is_new && place->second.score <= judged.score) return;
  place->second = std::move(judged);
  if (best_ == nullptr || place->second.score < best_->score) best_ = &place->second;
}

std::vector<const JudgedPlan*> Archive::ranked(std::size_t most) const {
  std::vector<const JudgedPlan*> out;
  for (const auto& [shape, judged] : by_shape_) out.push_back(&judged);
  std::stable_sort(out.begin(), out.end(),
                   [](const JudgedPlan* a, const JudgedPlan* b) { return a->score < b->score; });
  if (out.size() > most) out.resize(most);
  return out;
}

}  // namespace sextant::search
