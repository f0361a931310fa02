#include "analyzer/serving/simulation/batch_times.h"

#include <algorithm>

namespace sextant {

namespace {

/// A decode step alone in its batch takes twice what the curve says, as the artifact has it.
double decode_s(const MachineType& type, int decodes) {
  return type.decode_s.at(decodes) * (decodes == 1 ? 2 : 1);
}

/// TimeCurve::at of 0, 1, …, last, to the last digit.
std::vector<double> sampled(const TimeCurve& curve, int last) {
  std::vector<double> seconds;
  seconds.reserve(static_cast<std::size_t>(last) + 1);
  const auto& points = curve.points();
  std::size_t above = 1;
  for (int n = 0; n <= last; ++n) {
    while (above + 1 < points.size() && points[above].first < n) ++above;
    const auto& [x1, y1] = points[above];
    const auto& [x0, y0] = points[above - 1];
    seconds.push_back(n == x1 ? y1 : std::max(0.0, y0 + (y1 - y0) * ((n - x0) / (x1 - x0))));
  }
  return seconds;
}

}  // namespace

BatchTimes::BatchTimes(const MachineType& type, int prompt_tokens, int decodes)
    : type_(&type),
      prompt_s_(sampled(type.prompt_s, prompt_tokens)),
      decode_s_(sampled(type.decode_s, decodes)) {
  if (decodes >= 1) decode_s_[1] = decode_s(type, 1);
}

double BatchTimes::from_curves(int prompt_tokens, int decodes) const {
  return type_->prompt_s.at(prompt_tokens) + decode_s(*type_, decodes);
}

}  // namespace sextant
