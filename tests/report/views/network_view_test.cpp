// Document kinds bandwidth, network, network_fit, network_comparison, links and predictions.
#include <limits>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "analyzer/core/error.h"
#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/network_content.h"
#include "tests/report/views/view_of_text.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;
using testing::sections_of;

constexpr const char* kHostile = "<img src=x onerror=alert(1)> \"$(touch x)\"";

Sweep sweep(CommunicationOp op, std::vector<int> ranks, double bytes_per_s) {
  Sweep out;
  out.op = op;
  out.pattern = is_collective(op) ? SweepPattern::kWorld : SweepPattern::kPair;
  out.world_size = static_cast<int>(ranks.size());
  out.ranks = std::move(ranks);
  out.gpu = "T4";
  out.dtype = "fp32";
  for (const double bytes : {1e3, 1e6, 1e8}) {
    BandwidthPoint point;
    point.bytes = bytes;
    const double time_s = 1e-5 + bytes / bytes_per_s;
    point.time = {time_s, 0.9 * time_s, 1.1 * time_s, 10, 0.05};
    point.wrong = 0;
    out.points.push_back(point);
  }
  return out;
}

/// All pairs of six ranks at 10 GB/s, rank 2 to rank 4 at half of it; and an all-reduce.
BandwidthDocument measured() {
  BandwidthDocument document;
  document.evidence = Evidence::kMeasuredGpu;
  document.tool = "nccl_bench";
  for (int rank = 0; rank < 6; ++rank) {
    document.ranks.push_back({fmt::format("n{}", rank), "NVIDIA T4", "T4", "", {}});
    for (int to = 0; to < 6; ++to) {
      if (to == rank) continue;
      // A little noise, so that a spread can be told.
      const double noise = 1 + 0.002 * ((7 * rank + 3 * to) % 5);
      document.sweeps.push_back(sweep(CommunicationOp::kSendRecv, {rank, to},
                                      noise * (rank == 2 && to == 4 ? 5e9 : 10e9)));
    }
  }
  document.sweeps.push_back(sweep(CommunicationOp::kAllReduce, {0, 1, 2, 3, 4, 5}, 8e9));
  document.provenance = {{"host", "n0"},          {"command", "nccl_bench"},
                         {"git_revision", "abc"}, {"time", "2026-01-31T23:59:59Z"},
                         {"gpu_name", "T4"},      {"driver", "580.1"},
                         {"cuda", "13.0"}};
  return document;
}

/// A link between machines as `measured` has it; and one between zones.
NetworkContent network() {
  NetworkContent content;
  content.name = "hall";
  LinkClass link{.gpu = "T4",
                 .from_zone = "",
                 .to_zone = "",
                 .interconnect = "25 GbE",
                 .model = LinkModel::latency_bandwidth(1e-5, 10e9).valid_between(1e3, 1e8),
                 .node_bandwidth_bytes_per_s = std::numeric_limits<double>::infinity(),
                 .evidence = Evidence::kMeasuredGpu,
                 .source = "measured",
                 .fit = {}};
  FitRecord fit;
  fit.method = "least squares";
  fit.points = 3;
  fit.coefficients = {{"latency_s", 1e-5, 1e-6}, {"bandwidth_bytes_per_s", 10e9, {}}};
  fit.median_residual = 0.02;
  fit.largest_residual = 0.04;
  fit.residual_scale = 0.03;
  fit.candidates = {{"latency_bandwidth", 0.025, 0.05, ""},
                    {"segments of 3", {}, {}, "too few sizes"}};
  fit.sources = {"sweep.json"};
  link.fit = fit;
  content.levels[1].push_back(link);
  link.fit.reset();
  link.gpu = "";
  link.from_zone = "hall";
  link.to_zone = "yard";
  link.model = LinkModel::latency_bandwidth(0.02, 1e9);
  link.evidence = Evidence::kEstimated;
  content.levels[2].push_back(link);
  return content;
}

std::string network_text(const NetworkContent& content) {
  return network_json(content).dump();
}

TEST(BandwidthView, DrawsSizesAndPairsAndNamesWhatStandsOut) {
  const HtmlSection section = section_of(bandwidth_document_text(measured()));
  EXPECT_EQ(section.evidence(), "measured-gpu");
  const std::string& html = section.html();
  for (const char* part :
       {"data-name=\"send_recv-between_nodes\"", "data-name=\"all_reduce-between_nodes\"",
        ">30 pairs of T4, fp32<", ">6 ranks of T4, fp32<",
        "data-name=\"pairs-between_nodes, T4, fp32\"", "n2 rank 2 to n4 rank 4: 5.0",
        "times what is usual", "<dt>machines</dt><dd>6</dd>", "stroke=\"#d55e00\"",
        "<dt>driver</dt><dd>580.1</dd>"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  // The smallest message takes 10 µs and 1 kB at 10 GB/s.
  EXPECT_THAT(html, HasSubstr("10.1 µs</td>"));
}

TEST(BandwidthView, WrongValuesAndEarlyEndsAreWarnings) {
  BandwidthDocument document = measured();
  document.sweeps.resize(1);
  document.sweeps[0].points[0].wrong = 7;
  document.sweeps[0].failures = {{1e12, kHostile}};
  document.complete = false;
  document.problems = {kHostile};
  const std::string html = section_of(bandwidth_document_text(document)).html();
  EXPECT_THAT(html, HasSubstr("7 values were wrong"));
  EXPECT_THAT(html, HasSubstr("Measuring ended early"));
  EXPECT_THAT(html, HasSubstr("Sizes that could not be measured"));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
  EXPECT_THAT(html, Not(HasSubstr("data-name=\"pairs-")));
}

TEST(NetworkView, DrawsCurvesAloneAndThroughTheReportsMeasurements) {
  const HtmlSection alone = section_of(network_text(network()));
  EXPECT_EQ(alone.evidence(), "estimated");
  for (const char* part :
       {"data-name=\"links-between_nodes\"", "data-name=\"links-between_zones\"",
        "any GPU, between_zones, hall to yard", "1.00 kB to 100 MB", "not said",
        "not determined by these points", "too few sizes", "data-value=\"1e-05\">10.0 µs</td>"}) {
    EXPECT_THAT(alone.html(), HasSubstr(part)) << part;
  }
  EXPECT_THAT(alone.html(), Not(HasSubstr("data-name=\"fits\"")));

  const auto both = sections_of({network_text(network()), bandwidth_document_text(measured())});
  EXPECT_THAT(both[0].html(), HasSubstr("data-name=\"fits\""));
  EXPECT_THAT(both[0].html(), HasSubstr("latency_bandwidth, median residual 2 %"));
  EXPECT_THAT(both[0].html(), Not(HasSubstr("data-name=\"links-between_nodes\"")));
  EXPECT_THAT(both[0].html(), HasSubstr("data-name=\"links-between_zones\""));
}

TEST(NetworkView, KeepsNamesTextAndNamesTheBrokenMember) {
  NetworkContent hostile = network();
  hostile.name = hostile.source = hostile.levels[1][0].interconnect = kHostile;
  hostile.levels[1][0].gpu = hostile.levels[2][0].to_zone = kHostile;
  const std::string page = html_page("page", sections_of({network_text(hostile)}));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  OrderedJson broken = network_json(network());
  broken["levels"][0]["links"][0]["model"]["latency_s"] = "soon";
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(broken.dump(), "n.json")));
  try {
    report_sections(inputs);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("n.json at \"/levels/0/links/0/model/latency_s\""));
  }
}

TEST(NetworkFitView, DrawsPointsFitsAndResiduals) {
  const OrderedJson content = network_json(network());
  const OrderedJson fit = {{"schema", "sextant/network_fit/1.0"},
                           {"fits",
                            {{{"title", "<T4>"},
                              {"model", "latency_bandwidth"},
                              {"evidence", "measured-cpu"},
                              {"fit", content["levels"][0]["links"][0]["fit"]},
                              {"points",
                               {{{"bytes", 1000}, {"time_s", 1e-5}, {"fitted_s", 1.1e-5}},
                                {{"bytes", 1000000}, {"time_s", 1e-4}, {"fitted_s", 0.9e-4}}}}}}},
                           {"problems", {"a size was left out"}},
                           {"network", content}};
  const HtmlSection section = section_of(fit.dump());
  EXPECT_EQ(section.evidence(), "measured-cpu");
  for (const char* part : {"data-name=\"fits\"", "&lt;T4&gt;", "a size was left out", "+10 %",
                           "1.00 µs</td>", ">10 %</td>"}) {
    EXPECT_THAT(section.html(), HasSubstr(part)) << part;
  }
}

TEST(NetworkComparisonView, ShowsPeaksOutliersAndTheBaseline) {
  const OrderedJson comparison = {
      {"schema", "sextant/network_comparison/1.0"},
      {"evidence", "measured-gpu"},
      {"peaks",
       {{{"sweep", "send_recv"},
         {"level", "between_nodes"},
         {"links", 30},
         {"plateau_bytes_per_s", 10e9},
         {"plateau_bytes", {1e7, 1e8}},
         {"plateau_points", 2},
         {"shape", "flat"},
         {"peak", {{"name", "NDR"}, {"bytes_per_s", 50e9}, {"source", "standard"}}},
         {"fraction", 0.2},
         {"verdict", "half or less"},
         {"reason", "a slow path"}}}},
      {"link_classes",
       {{{"class", "between_nodes"},
         {"both_ways", false},
         {"links", 30},
         {"left_out", OrderedJson::array()},
         {"typical_bytes_per_s", 10e9},
         {"judged", true},
         {"spread", 0.01},
         {"bound", 4.5},
         {"suspects", {{{"ranks", {3}}, {"host", "<n3>"}, {"role", "sends"}, {"ratio", 0.5}}}},
         {"outliers",
          {{{"from", 2}, {"to", 4}, {"bytes_per_s", 5e9}, {"ratio", 0.5}, {"score", -60}}}},
         {"asymmetric", OrderedJson::array()}}}},
      {"runs",
       {{"sweeps",
         {{{"sweep", "send_recv"},
           {"verdict", "SLOWER"},
           {"change", 0.5},
           {"sizes",
            {{{"bytes", 1000},
              {"a_s", 1e-5},
              {"b_s", 1.5e-5},
              {"change", 0.5},
              {"verdict", "SLOWER"}}}},
           {"only_in_a_bytes", OrderedJson::array()},
           {"only_in_b_bytes", OrderedJson::array()}}}},
        {"only_in_a", OrderedJson::array()},
        {"only_in_b", OrderedJson::array()}}}};
  const std::string html = section_of(comparison.dump()).html();
  for (const char* part :
       {"data-name=\"bandwidth-and-peak\"", "data-value=\"0.2\">20 %</td><td>NDR (standard)</td>",
        "&lt;n3&gt;, rank 3 sends at 0.50 times", "<td>rank 2 to rank 4</td>",
        "data-name=\"baseline\"", "usually 10.0 GB/s ± 1 %"}) {
    EXPECT_THAT(html, HasSubstr(part)) << part;
  }
}

TEST(LinksView, ListsLatencyAndBandwidth) {
  const OrderedJson links = {{"schema", "sextant/links/1.0"},
                             {"network", "<two> links"},
                             {"links",
                              {{{"level", "inside_node"},
                                {"senders", 1},
                                {"model", "segments"},
                                {"coefficients", {0, 5e-6, 1e9, 1e6, 1e-3, 2e9}},
                                {"peak_bytes_per_s", 2e9},
                                {"evidence", "replayed"},
                                {"source", "s"}}}},
                             {"collectives", OrderedJson::array()}};
  const HtmlSection section = section_of(links.dump());
  EXPECT_EQ(section.evidence(), "replayed");
  EXPECT_THAT(section.html(), HasSubstr("5.00 µs</td>"));
  EXPECT_THAT(section.html(), HasSubstr("2.00 GB/s</td>"));
  EXPECT_THAT(section.html(), HasSubstr("&lt;two&gt; links"));
}

TEST(PredictionsView, TellsWhatIsOutsideTheMeasuredSizes) {
  const auto one = [](int bytes, double time_s, bool extrapolated) {
    return OrderedJson{{"bytes", bytes}, {"time_s", time_s}, {"extrapolated", extrapolated}};
  };
  OrderedJson predictions = {{"schema", "sextant/predictions/1.0"},
                             {"predictions", {one(1000000, 1e-3, true), one(1000, 1e-5, false)}}};
  const std::string html = section_of(predictions.dump()).html();
  EXPECT_THAT(html, HasSubstr("data-name=\"transfer-times\""));
  EXPECT_THAT(html, HasSubstr("1.00 GB/s</td><td>outside the sizes that were measured</td>"));
  predictions["predictions"].erase(0);
  EXPECT_THAT(section_of(predictions.dump()).html(), Not(HasSubstr("<svg")));
}

}  // namespace
}  // namespace sextant
