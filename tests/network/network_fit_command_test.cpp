// sextant network fit, from bandwidth documents to networks and clusters.
#include <algorithm>
#include <cmath>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/network/bandwidth_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;

const std::string kTwoTypes = sextant::source_path("profiles/clusters/two-types.json");

/// Of `per_rank(bytes)` seconds a size, 1 KiB to 1 GiB by fours.
template <class Curve>
Sweep sweep_of(CommunicationOp op, SweepPattern pattern, int world_size, const Curve& curve) {
  Sweep sweep;
  sweep.op = op;
  sweep.pattern = pattern;
  sweep.world_size = world_size;
  sweep.level = LinkLevel::kBetweenNodes;
  sweep.gpu = "H200-141";
  sweep.dtype = "bf16";
  for (double bytes = 1024; bytes <= 1 << 30; bytes *= 4) {
    BandwidthPoint point;
    point.bytes = bytes;
    point.time.median_s = curve(bytes);
    point.wrong = 0;
    sweep.points.push_back(point);
  }
  return sweep;
}

BandwidthDocument document_of(std::vector<Sweep> sweeps) {
  BandwidthDocument document;
  document.evidence = Evidence::kReplayed;
  document.tool = "nccl-tests";
  document.sweeps = std::move(sweeps);
  return document;
}

// Four senders of 10 GB/s each: 40 GB/s and 20 us of the total.
Sweep halves() {
  return sweep_of(CommunicationOp::kSendRecv, SweepPattern::kHalves, 8,
                  [](double bytes) { return 20e-6 + bytes / 10e9; });
}
Sweep all_reduce(int n) {
  return sweep_of(CommunicationOp::kAllReduce, SweepPattern::kWorld, n, [n](double bytes) {
    const double ring = 2 * (n - 1) * 4e-6 + 2.0 * (n - 1) / n * bytes / 50e9;
    const double tree = 2 * std::log2(n) * 4e-6 + 2 * bytes / 50e9;
    return 10e-6 + std::min(ring, tree);
  });
}

struct Files {
  TemporaryFolder folder;
  std::string write(const std::string& name, std::vector<Sweep> sweeps) const {
    return folder.write(name, bandwidth_document_text(document_of(std::move(sweeps))));
  }
  std::string path(const char* name) const { return folder.path() / name; }
};

ProgramResult fit(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"network", "fit"});
  return run_sextant(arguments);
}

TEST(NetworkFitCommand, WritesLinksAndCollectives) {
  const Files files;
  const std::string sweeps = files.write("sweeps.json", {halves(), all_reduce(2), all_reduce(4)});
  const std::string out = files.path("network.json");
  const ProgramResult result = fit({sweeps, "-o", out, "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(SchemaCheck("network_fit").problems(result.out), IsEmpty());
  EXPECT_THAT(SchemaCheck("network").problems(read_file(out)), IsEmpty());
  const auto network = nlohmann::json::parse(read_file(out));
  EXPECT_EQ(network.at("name"), "network");
  const auto& link = network.at("levels")[0].at("links")[0];
  EXPECT_EQ(link.at("senders"), 4);
  EXPECT_EQ(link.at("evidence"), "replayed");
  EXPECT_NEAR(link.at("model").at("latency_s").get<double>(), 20e-6, 1e-10);
  EXPECT_NEAR(link.at("model").at("bandwidth_bytes_per_s").get<double>(), 40e9, 1e6);
  EXPECT_EQ(link.at("valid_bytes")[0], 4096);
  const auto& terms = network.at("collectives")[0].at("terms");
  EXPECT_NEAR(terms.at("step_s").get<double>(), 4e-6, 1e-8);
  EXPECT_NEAR(terms.at("bandwidth_bytes_per_s").get<double>(), 50e9, 1e7);

  const ProgramResult shown = run_sextant({"network", "show", out, "--json"});
  ASSERT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(SchemaCheck("links").problems(shown.out), IsEmpty());
  const ProgramResult predicted =
      run_sextant({"network", "show", out, "--bytes", "1,4e10", "--json"});
  ASSERT_EQ(predicted.exit_code, 0) << predicted.err;
  const auto rows = nlohmann::json::parse(predicted.out).at("predictions");
  EXPECT_NEAR(rows[0].at("time_s").get<double>(), 20.1e-6, 0.1e-6);
  EXPECT_EQ(rows[0].at("extrapolated"), true);
  EXPECT_NEAR(rows[1].at("time_s").get<double>(), 1.0, 0.01);
}

TEST(NetworkFitCommand, PrintsTablesAndIsTheSameTwice) {
  const Files files;
  const std::string sweeps = files.write("sweeps.json", {halves(), all_reduce(4)});
  const ProgramResult once = fit({sweeps});
  ASSERT_EQ(once.exit_code, 0) << once.err;
  for (const char* part : {"send_recv H200-141, between_nodes, 4 senders", "latency_bandwidth",
                           "quadratic_log2_mb", "±", "not tested"}) {
    EXPECT_THAT(once.out, HasSubstr(part));
  }
  EXPECT_EQ(fit({sweeps}).out, once.out);
}

TEST(NetworkFitCommand, PoolsPairsAndStatesTheirSpread) {
  const Files files;
  std::vector<std::string> arguments = {"--json"};
  for (int pair = 0; pair < 5; ++pair) {
    const double factor = 1 + 0.1 * pair;  // the median pair is 1.2 times the first
    arguments.push_back(files.write(
        "pair" + std::to_string(pair) + ".json",
        {sweep_of(CommunicationOp::kSendRecv, SweepPattern::kPair, 2,
                  [factor](double bytes) { return factor * (10e-6 + bytes / 12e9); })}));
  }
  const ProgramResult result = fit(arguments);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const auto fits = nlohmann::json::parse(result.out).at("fits");
  ASSERT_EQ(fits.size(), 1U);
  EXPECT_EQ(fits[0].at("fit").at("sweeps"), 5);
  // 90th percentile 1.36, 10th 1.04, median 1.2.
  EXPECT_NEAR(fits[0].at("fit").at("spread_between_sweeps").get<double>(), 0.32 / 1.2, 1e-9);
  EXPECT_NEAR(fits[0].at("points")[0].at("time_s").get<double>(), 1.2 * (10e-6 + 1024 / 12e9),
              1e-12);
}

TEST(NetworkFitCommand, EntersANetworkAndACluster) {
  const Files files;
  const std::string sweeps = files.write("sweeps.json", {halves()});
  const std::string network = files.path("network.json");
  ASSERT_EQ(fit({sweeps, "-o", network}).exit_code, 0);
  const std::string more = files.write("more.json", {all_reduce(2), all_reduce(4)});
  const std::string updated = files.path("updated.json");
  const ProgramResult update = fit({more, "--update", network, "-o", updated});
  ASSERT_EQ(update.exit_code, 0) << update.err;
  const auto document = nlohmann::json::parse(read_file(updated));
  EXPECT_EQ(document.at("levels").size(), 1U);
  EXPECT_EQ(document.at("collectives").size(), 1U);

  const std::string cluster = files.path("cluster.json");
  const ProgramResult attached = fit({sweeps, "--cluster", kTwoTypes, "-o", cluster});
  ASSERT_EQ(attached.exit_code, 0) << attached.err;
  EXPECT_THAT(SchemaCheck("cluster").problems(read_file(cluster)), IsEmpty());
  const ProgramResult shown = run_sextant({"network", "show", cluster});
  EXPECT_EQ(shown.exit_code, 0) << shown.err;
  EXPECT_THAT(shown.out, HasSubstr("InfiniBand EDR"));  // what was there
  EXPECT_THAT(shown.out, HasSubstr("H200-141"));
  EXPECT_THAT(fit({sweeps, "--cluster", kTwoTypes}).err, HasSubstr("need -o"));
}

TEST(NetworkFitCommand, LeavesOutWhatIsWrongAndSaysSo) {
  const Files files;
  Sweep part = halves();
  part.points[2].wrong = 7;
  const ProgramResult partial = fit({files.write("part.json", {part})});
  EXPECT_EQ(partial.exit_code, 5);
  EXPECT_THAT(partial.err, HasSubstr("16384 bytes left out, 7 values were wrong"));
  Sweep few = halves();
  few.points.resize(2);
  const ProgramResult both = fit({files.write("both.json", {few, all_reduce(2)})});
  EXPECT_EQ(both.exit_code, 5);
  EXPECT_THAT(both.err, HasSubstr("need 3 sizes"));
  const ProgramResult refused = fit({files.write("few.json", {few})});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_EQ(refused.out, "");
  EXPECT_THAT(refused.err, HasSubstr("nothing could be fitted"));
  for (BandwidthPoint& point : part.points) point.wrong = 1;
  EXPECT_EQ(fit({files.write("wrong.json", {part})}).exit_code, 3);
  EXPECT_EQ(fit({files.write("other.json", {halves()}), "--op", "all_reduce"}).exit_code, 3);
  EXPECT_EQ(fit({files.write("op.json", {halves()}), "--op", "all_reduces"}).exit_code, 2);
  EXPECT_EQ(fit({files.path("absent.json")}).exit_code, 3);
  EXPECT_EQ(fit({files.write("m.json", {halves()}), "--model", "cubic"}).exit_code, 2);
  EXPECT_EQ(fit({files.write("p.json", {halves()}), "--plot", "x.gif"}).exit_code, 2);
}

TEST(NetworkFitCommand, PlotsAndFitsTheModelThatIsAskedFor) {
  const Files files;
  const std::string sweeps = files.write("sweeps.json", {halves(), all_reduce(2)});
  const std::string plot = files.path("fit.svg");
  for (const char* model : {"latency_bandwidth", "segments", "saturating", "quadratic"}) {
    const ProgramResult result = fit({sweeps, "--model", model, "--plot", plot, "--json"});
    ASSERT_EQ(result.exit_code, 0) << model << result.err;
    const std::string kind = std::string(model) == "quadratic" ? "quadratic_log2_mb" : model;
    EXPECT_EQ(nlohmann::json::parse(result.out).at("fits")[0].at("model"), kind);
    EXPECT_THAT(SchemaCheck("network_fit").problems(result.out), IsEmpty());
    EXPECT_THAT(read_file(plot), HasSubstr("all_reduce of 2 H200-141"));
  }
}

}  // namespace
}  // namespace sextant::testing
