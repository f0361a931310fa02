#include "profiler/run/phase_clock.h"

#include "analyzer/core/quantile.h"

namespace sextant::profiler {

namespace {

constexpr double RankPhases::*kParts[] = {&RankPhases::forward_s, &RankPhases::backward_s,
                                          &RankPhases::receive_s, &RankPhases::send_s,
                                          &RankPhases::sync_s,    &RankPhases::update_s};

}  // namespace

void PhaseClock::begin() {
  clock_.reset();
  marks_.clear();
  enter(Phase::kOther);
}

void PhaseClock::enter(Phase phase) {
  marks_.emplace_back(phase, clock_.mark());
}

RankPhases PhaseClock::phases() {
  RankPhases out;
  for (std::size_t i = 0; i + 1 < marks_.size(); ++i) {
    const auto& [phase, mark] = marks_[i];
    if (phase == Phase::kOther) continue;
    out.*kParts[static_cast<std::size_t>(phase) - 1] += clock_.seconds(mark, marks_[i + 1].second);
  }
  return out;
}

RankPhases median_phases(const std::vector<RankPhases>& iterations) {
  RankPhases out;
  for (const auto part : kParts) {
    std::vector<double> seconds;
    for (const RankPhases& phases : iterations) seconds.push_back(phases.*part);
    out.*part = median_of(std::move(seconds));
  }
  return out;
}

}  // namespace sextant::profiler
