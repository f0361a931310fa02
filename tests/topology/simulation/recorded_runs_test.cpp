#include <map>

#include <gtest/gtest.h>

#include "analyzer/core/json_document.h"
#include "analyzer/topology/formats/workload_files.h"
#include "tests/support/reference_data.h"
#include "tests/topology/simulation/evaluation.h"

namespace sextant {
namespace {

/// ASTRA-sim's own results are whole nanoseconds, printed as microseconds.
constexpr double kHalfNanosecond = 0.5e-9;
constexpr double kMib = 1 << 20;

void expect_as_recorded(const JsonNode& run, const Workload& workload) {
  SCOPED_TRACE(run.at("config").string() + " " + workload.name + " " +
               run.at("link_bw").raw().dump());
  const SimulatedNetwork network =
      evaluation_network(run.at("network").string(), run.at("units").numbers(),
                         run.at("links").numbers(), run.at("link_bw").numbers());
  const SimulatedStep step = simulate_step(workload, evaluation_shapes(workload, network), network,
                                           kEvaluationComputeScale);
  EXPECT_NEAR(step.step_s, run.at("step_time_us").number() / 1e6, kHalfNanosecond);
  EXPECT_NEAR(step.compute_s, run.at("compute_us").number() / 1e6, kHalfNanosecond);
  EXPECT_NEAR(step.exposed_s, run.at("exposed_comm_us").number() / 1e6, kHalfNanosecond);
  EXPECT_NEAR(step.drain_s, run.at("dp_comm_us").number() / 1e6, kHalfNanosecond);
  const std::vector<double> payload = run.at("payload_MiB_per_dim").numbers();
  ASSERT_EQ(step.sent_bytes.size(), payload.size());
  for (std::size_t d = 0; d < payload.size(); ++d) {
    EXPECT_NEAR(step.sent_bytes[d] / kMib, payload[d], 1e-5 * payload[d]);
    EXPECT_GT(step.utilisation[d], 0);
    EXPECT_LT(step.utilisation[d], 1);
  }
}

TEST(RecordedRuns, AreMetToTheNanosecond) {
  const std::filesystem::path libra = reference_data("libra");
  SEXTANT_NEEDS(libra);
  std::map<std::string, Workload> workloads;
  const auto workload_of = [&](const std::string& file) -> const Workload& {
    const auto [at, is_new] = workloads.try_emplace(file);
    if (is_new) at->second = read_workload_text(libra / "evaluation" / "workload" / file);
    return at->second;
  };
  const JsonDocument results = JsonDocument::read(libra / "reference_results.json");
  std::size_t runs = 0;
  for (const char* set : {"small", "full_subset"}) {
    for (const JsonNode& run : results.root().at("astra_sim").at(set).elements()) {
      expect_as_recorded(run, workload_of(run.at("workload").string()));
      ++runs;
    }
  }
  EXPECT_EQ(runs, 72U);
}

}  // namespace
}  // namespace sextant
