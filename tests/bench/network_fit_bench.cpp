// Fitting a cluster's links: 100 of 20 points each, all candidates judged by leaving sizes out, are
// to take less than a second on one core.
#include <cmath>

#include <benchmark/benchmark.h>

#include "analyzer/network/fit/link_fit.h"
#include "tests/network/synthetic_points.h"

namespace {

using sextant::FitPoint;

/// Of each kind of link in turn.
std::vector<std::vector<FitPoint>> links(int count) {
  std::vector<std::vector<FitPoint>> out;
  for (int i = 0; i < count; ++i) {
    sextant::Random random(static_cast<std::uint64_t>(i));
    const auto curve = [&](double bytes) {
      const double line = 5e-6 + bytes / 20e9;
      if (i % 3 == 0) return line;
      if (i % 3 == 1) return line + 100e-6 * std::sqrt(bytes / 1e6);
      return bytes < 65536 ? 5e-6 + bytes / 2e9 : 45e-6 + bytes / 20e9;
    };
    out.push_back(sextant::testing::sampled(curve, 10, 29, 20, 0.02, random));
  }
  return out;
}

void fit_links(benchmark::State& state) {
  const auto points = links(static_cast<int>(state.range(0)));
  for (auto _ : state) {
    for (const auto& link : points) benchmark::DoNotOptimize(sextant::fit_link(link));
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(fit_links)->Arg(100)->Unit(benchmark::kMillisecond);

}  // namespace
