// Reading JSON: what a merged profile database of a large model costs before anything is planned.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "analyzer/core/json_document.h"

namespace {

/// A document of the shape of a profile: an object a layer, times by microbatch size.
std::string profile_like(std::int64_t layers) {
  std::string text = "{\"schema\":\"sextant/profile_db/1.0\",\"layers\":[";
  for (std::int64_t layer = 0; layer < layers; ++layer) {
    text += layer == 0 ? "{" : ",{";
    for (int microbatch = 1; microbatch <= 64; microbatch *= 2) {
      text += fmt::format("{}\"{}\":{{\"forward_s\":{},\"backward_s\":{},\"bytes\":{}}}",
                          microbatch == 1 ? "" : ",", microbatch, 0.00123 * microbatch,
                          0.00347 * microbatch, 1'048'576 * layer);
    }
    text += '}';
  }
  return text + "]}";
}

void parse_profile(benchmark::State& state) {
  const std::string text = profile_like(state.range(0));
  for (auto _ : state) {
    const sextant::JsonDocument document = sextant::JsonDocument::parse(text, "profile.json");
    benchmark::DoNotOptimize(document.root().size());
  }
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(text.size()));
}
BENCHMARK(parse_profile)->RangeMultiplier(10)->Range(100, 10'000)->Unit(benchmark::kMillisecond);

}  // namespace
