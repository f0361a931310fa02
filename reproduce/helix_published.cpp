#include "reproduce/helix_published.h"

#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

std::optional<LatencyPercentiles> percentiles_of(const JsonNode& expected, std::string_view kind) {
  const auto found = expected.find(fmt::format("{}_latency_s_p5_25_50_75_95", kind));
  if (!found) return std::nullopt;
  LatencyPercentiles out{};
  if (found->size() != out.size()) found->fail("five percentiles");
  for (std::size_t p = 0; p < out.size(); ++p) out[p] = found->at(p).non_negative();
  return out;
}

std::vector<HelixPublished> of_serving(const JsonNode& root, const HelixExperiment& experiment) {
  // The record names clusters as the artifact's folders do.
  const std::string prefix =
      fmt::format("{}/{}/{}/",
                  experiment.cluster == "single" ? "single_cluster"
                  : experiment.cluster == "geo"  ? "distributed_clusters"
                                                 : experiment.cluster,
                  experiment.model, experiment.online ? "online" : "offline");
  std::vector<HelixPublished> out;
  for (const JsonNode& row : root.at("rows").elements()) {
    const std::string& name = row.at("row").string();
    if (!name.starts_with(prefix)) continue;
    const JsonNode expected = row.at("expected");
    out.push_back({name.substr(prefix.size()), expected.at("decode_tokens_per_s").positive(),
                   percentiles_of(expected, "prompt"), percentiles_of(expected, "decode")});
  }
  return out;
}

struct StudyRecord {
  std::string_view row;
  std::vector<const char*> methods;  ///< those that `expected` has, in its order
};

std::vector<HelixPublished> of_study(const JsonNode& root, const HelixExperiment& experiment) {
  static const std::vector<StudyRecord> kPlacements = {
      {"placement study: helix", {"helix"}},
      {"placement study: swarm placement + helix scheduling", {"swarm"}},
      {"placement study: petals", {"petals"}}};
  static const std::vector<StudyRecord> kSchedulers = {
      {"request scheduling: helix", {"helix"}},
      {"request scheduling: swarm / random / shortest queue (180 initial queries)",
       {"swarm", "random", "shortest-queue"}}};
  const JsonNode rows = root.at("extra_rows_section_6_6_and_6_7_geo_70b_offline");
  std::vector<HelixPublished> out;
  for (const StudyRecord& record :
       experiment.study == HelixExperiment::Study::kPlacement ? kPlacements : kSchedulers) {
    for (const JsonNode& row : rows.elements()) {
      if (row.at("row").string() != record.row) continue;
      const JsonNode expected = row.at("expected");
      for (std::size_t m = 0; m < record.methods.size(); ++m) {
        const JsonNode value = expected.is_array() ? expected.at(m) : expected;
        out.push_back({record.methods[m], value.positive(), std::nullopt, std::nullopt});
      }
    }
  }
  return out;
}

/// Whether `value` is printed as `printed` with so many decimals, exact halves either way.
bool rounds_to(double value, double printed, double decimals) {
  return std::abs(value - printed) <= 0.5 * std::pow(10.0, -decimals) + 1e-9;
}

}  // namespace

std::vector<HelixPublished> read_helix_published(const std::filesystem::path& artifact,
                                                 const HelixExperiment& experiment) {
  const JsonDocument document = JsonDocument::read(artifact / "reference_results.json");
  return experiment.study == HelixExperiment::Study::kServing
             ? of_serving(document.root(), experiment)
             : of_study(document.root(), experiment);
}

OrderedJson to_json(const LatencyPercentiles& percentiles) {
  OrderedJson out = OrderedJson::object();
  for (std::size_t p = 0; p < percentiles.size(); ++p) {
    out[kLatencyPercentiles[p].name] = percentiles[p];
  }
  return out;
}

OrderedJson to_json(const HelixPublished& published) {
  OrderedJson out = {{"method", published.method},
                     {"decode_tokens_per_s", published.decode_tokens_per_s}};
  if (published.prompt_latency_s) out["prompt_latency_s"] = to_json(*published.prompt_latency_s);
  if (published.decode_latency_s) out["decode_latency_s"] = to_json(*published.decode_latency_s);
  return out;
}

HelixAgreement agreement(const HelixPublished& published, double decode_tokens_per_s,
                         const LatencyPercentiles& prompt_latency_s,
                         const LatencyPercentiles& decode_latency_s) {
  HelixAgreement out{1, rounds_to(decode_tokens_per_s, published.decode_tokens_per_s, 1) ? 1 : 0};
  const auto compare = [&](const std::optional<LatencyPercentiles>& theirs,
                           const LatencyPercentiles& ours) {
    if (!theirs) return;
    for (std::size_t p = 0; p < ours.size(); ++p) {
      ++out.figures;
      if (rounds_to(ours[p], (*theirs)[p], 2)) ++out.equal;
    }
  };
  compare(published.prompt_latency_s, prompt_latency_s);
  compare(published.decode_latency_s, decode_latency_s);
  return out;
}

}  // namespace sextant
