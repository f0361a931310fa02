// Document kinds measured, measured_set and validation.
#include <gmock/gmock.h>

#include "analyzer/core/error.h"
#include "analyzer/measured/measured_run.h"
#include "analyzer/validation/validation_document.h"
#include "tests/report/views/view_of_text.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;
using testing::sections_of;

constexpr const char* kHostile = "<img src=x onerror=alert(1)> \"$(touch x)\"";

/// Two stages, the second of `replicas`.
MeasuredRun run(int replicas = 1) {
  MeasuredRun out;
  out.name = "N2_P2";
  out.model = "tiny";
  out.seq_len = 128;
  out.plan.model = "tiny";
  out.plan.layer_count = 6;
  out.plan.global_batch = 8;
  out.plan.microbatch = 2;
  const Replica replica{{{"CPU", "here", -1, 1}}, 1, 0};
  out.plan.pipelines = {
      {{{{{0, 2}}, {replica}},
        {{{2, 6}}, std::vector<Replica>(static_cast<std::size_t>(replicas), replica)}}}};
  out.iteration = {0.25, 0.2, 0.3, 3, 0.125};
  out.iteration_samples_s = {0.2, 0.3, 0.25};
  out.losses = {5.5, 5.25};
  for (int i = 0; i <= replicas; ++i) {
    MeasuredRank rank;
    rank.stage = i == 0 ? 0 : 1;
    rank.replica = i == 0 ? 0 : i - 1;
    rank.host = "here";
    rank.gpu = "CPU";
    rank.phases = {0.05, 0.125, 0.025, 0, 0.02, 0.01};
    rank.peak_allocated_bytes = 1 << 30;
    rank.peak_reserved_bytes = 2e9;
    rank.process_bytes = 3e9;
    out.ranks.push_back(rank);
  }
  out.provenance = {{"host", "here"},
                    {"command", "run_plan"},
                    {"git_revision", "abc"},
                    {"time", "2026-01-31T23:59:59Z"}};
  return out;
}

std::string text(const MeasuredRun& of) {
  return measured_json(of).dump();
}

TEST(MeasuredView, ShowsIterationsPhasesAndMemory) {
  const HtmlSection section = section_of(text(run()));
  EXPECT_EQ(section.evidence(), "measured-cpu");
  EXPECT_EQ(section.title(), "Measured: N2_P2");
  for (const char* part :
       {"<dt>iteration</dt><dd>250 ms</dd>", "<dt>tokens/s</dt><dd>4,096</dd>",
        "data-name=\"iterations\"", "<title>N2_P2: 300 at 2.00</title>", "data-name=\"phases\"",
        "data-name=\"memory\"", "data-name=\"losses\"", "<td>stage 1</td><td>here</td>",
        // Forward, backward and update are 185 of 250 ms; the executor has what is left, 20 ms.
        "data-value=\"0.74\">74 %</td>", ">executor<", "1 GiB</td>",
        "<dt>largest process</dt><dd>2.79 GiB</dd>"}) {
    EXPECT_THAT(section.html(), HasSubstr(part)) << part;
  }
}

TEST(MeasuredView, OfManyRanksDrawsABarForEachStage) {
  const std::string html = section_of(text(run(60))).html();
  EXPECT_THAT(html, HasSubstr(">stage 1, 60 ranks<"));
  EXPECT_THAT(html, HasSubstr("Medians over the ranks of a stage and"));
  EXPECT_THAT(html, HasSubstr("<td>stage 1 replica 59</td>"));
}

TEST(MeasuredView, APublishedRunHasItsSummaryAlone) {
  MeasuredRun published = run();
  published.evidence = Evidence::kReplayed;
  published.iteration = {0.25};
  published.iteration_samples_s.clear();
  published.losses.clear();
  published.ranks.clear();
  published.suspicion = "as fast as another row";
  const std::string html = section_of(text(published)).html();
  EXPECT_THAT(html, HasSubstr("as fast as another row"));
  EXPECT_THAT(html, Not(HasSubstr("<svg")));
}

TEST(MeasuredView, KeepsNamesTextAndNamesTheBrokenMember) {
  MeasuredRun hostile = run();
  hostile.name = hostile.model = hostile.plan.model = hostile.framework = kHostile;
  hostile.incomplete = hostile.suspicion = hostile.ranks[0].host = hostile.ranks[0].gpu = kHostile;
  const std::string page = html_page("page", sections_of({text(hostile)}));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;img"));
  OrderedJson broken = measured_json(run());
  broken["ranks"][1]["phases"]["sync_s"] = -1;
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(broken.dump(), "m.json")));
  try {
    report_sections(inputs);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("m.json at \"/ranks/1/phases/sync_s\""));
  }
}

TEST(MeasuredView, ListsTheRunsOfASet) {
  const OrderedJson set = {{"schema", "sextant/measured_set/1.0"},
                           {"runs",
                            {{{"name", "<a>"},
                              {"evidence", "measured-gpu"},
                              {"model", "tiny"},
                              {"gpus", 2},
                              {"iteration_s", 0.5},
                              {"process_bytes", 1073741824},
                              {"suspicion", "odd"},
                              {"source", "a.json"}},
                             {{"name", "b"},
                              {"evidence", "replayed"},
                              {"model", "tiny"},
                              {"gpus", 4},
                              {"iteration_s", 0.25},
                              {"source", "b.json"}}}}};
  const HtmlSection section = section_of(set.dump());
  EXPECT_EQ(section.evidence(), "replayed");
  EXPECT_THAT(section.html(), HasSubstr("data-name=\"runs\""));
  EXPECT_THAT(section.html(), HasSubstr("1 GiB</td><td>measured-gpu</td><td>odd</td>"));
}

ValidationRow row(const std::string& config, Quantity quantity, double measured, double predicted) {
  ValidationRow out;
  out.config = config;
  out.estimator = "sextant";
  out.quantity = quantity;
  out.evidence = Evidence::kMeasuredGpu;
  out.measured = measured;
  out.predicted = predicted;
  out.upper_bound = predicted;
  return out;
}

std::vector<ValidationRow> rows() {
  std::vector<ValidationRow> out = {row("a", Quantity::kTime, 1, 0.9),
                                    row("b", Quantity::kTime, 2, 2.5),
                                    row("a", Quantity::kMemory, 1 << 30, 3 << 29)};
  out[0].interval = {0.9, 0.85, 0.95, true};
  out[1].suspicion = "as fast as another";
  ValidationRow missing = row("c", Quantity::kTime, 3, 0);
  missing.status = ValidationRow::Status::kUnpredicted;
  missing.reason = "no such schedule";
  out.push_back(missing);
  return out;
}

TEST(ValidationView, DrawsPredictedAgainstMeasuredAndErrors) {
  OrderedJson json = validation_json(rows());
  json["ranking"] = {{{"estimator", "sextant"},
                      {"runs", 3},
                      {"separable_pairs", 2},
                      {"kendall_tau", 0.5},
                      {"first", "b"},
                      {"fastest", "a"},
                      {"regret", 0.25}}};
  const HtmlSection section = section_of(json.dump());
  EXPECT_EQ(section.evidence(), "measured-gpu");
  for (const char* part :
       {"data-name=\"predicted-time\"", "data-name=\"predicted-memory\"",
        "data-name=\"errors-time\"", "data-name=\"errors-memory\"",
        "sextant, b: predicted 2.50 s, measured 2.00 s, +25.0 %", "+50 %</td>",
        "850 ms and 950 ms (it is not)", "no such schedule", "b: as fast as another",
        "<td>b</td><td>a</td><td class=\"number\" data-value=\"0.25\">25 %</td>", "0 of 1</td>"}) {
    EXPECT_THAT(section.html(), HasSubstr(part)) << part;
  }
}

TEST(ValidationView, DrawsNothingOfRowsWithoutFigures) {
  std::vector<ValidationRow> none = rows();
  none.erase(none.begin(), none.begin() + 3);
  none[0].config = none[0].estimator = none[0].reason = kHostile;
  const std::string html = section_of(validation_json(none).dump()).html();
  EXPECT_THAT(html, Not(HasSubstr("<svg")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
}

}  // namespace
}  // namespace sextant
