#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/report/views/view_of_text.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using testing::count;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;
using testing::sections_of;

constexpr const char* kPlot = "<figure class=\"plot";

std::string placement(const std::string& more) {
  return R"({"schema": "sextant/placement/1.0", "model": "Llama-2-70B", "cluster": "serving-mixed",
    "layers": 80, "method": "sextant", "objective": "served", "flow_tokens_per_s": 100,
    "upper_bound_tokens_per_s": 125, "gap": 0.2, "proved": false, "complete": false,
    "evidence": "estimated", )" +
         more + "}";
}

const char* const kChain = R"("machines": [
    {"machine": "hall/L4/0", "type": "L4", "layers": [40, 80]},
    {"machine": "hall/A100-40/0", "type": "A100-40", "layers": [0, 40]},
    {"machine": "<b>idle</b>", "type": "L4"}],
  "flow": [{"from": "coordinator", "to": "hall/A100-40/0", "tokens_per_s": 100},
           {"from": "hall/A100-40/0", "to": "hall/L4/0", "tokens_per_s": 100},
           {"from": "hall/L4/0", "to": "coordinator", "tokens_per_s": 100}])";

TEST(PlacementView, ShowsWhoHoldsWhatAndWhatFlows) {
  const HtmlSection section = section_of(placement(kChain));
  EXPECT_EQ(section.evidence(), "estimated");
  EXPECT_EQ(count(section.html(), kPlot), 2);
  EXPECT_THAT(section.html(), HasSubstr("20.0 %"));
  EXPECT_THAT(section.html(), HasSubstr("Partial"));
  EXPECT_THAT(section.html(), HasSubstr("2 of 3"));
  EXPECT_THAT(section.html(), HasSubstr("hall/A100-40/0 to hall/L4/0: 100 tokens/s"));
  EXPECT_THAT(section.html(), HasSubstr("&lt;b&gt;idle"));
  EXPECT_THAT(section.html(), Not(HasSubstr("<b>")));
  EXPECT_THAT(section.html(), Not(HasSubstr("KV cache, tokens")));
}

TEST(PlacementView, DrawsNoFlowWhereThereIsNone) {
  const HtmlSection section =
      section_of(placement(R"("machines": [{"machine": "a", "type": "L4", "layers": [0, 80]}])"));
  EXPECT_EQ(count(section.html(), kPlot), 1);
  const HtmlSection idle = section_of(placement(R"("machines": [{"machine": "a", "type": "L4"}])"));
  EXPECT_EQ(count(idle.html(), kPlot), 0);
}

// A100-40 with 9 of the layers carries 2,765 tokens/s beside these machines; see placement_flow.
TEST(PlacementView, SaysWhatMachinesCarryWhereTheirClusterIsGiven) {
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(placement(R"("machines": [
        {"machine": "hall/A100-40/0", "type": "A100-40", "layers": [0, 9]},
        {"machine": "hall/L4/0", "type": "L4", "layers": [9, 14]}],
      "flow": [{"from": "coordinator", "to": "hall/A100-40/0", "tokens_per_s": 1e5},
               {"from": "hall/A100-40/0", "to": "hall/L4/0", "tokens_per_s": 1}])"),
                                                                     "placement.json")));
  inputs.documents.emplace_back(
      new JsonDocument(JsonDocument::read(source_path("profiles/clusters/serving-mixed.json"))));
  const std::string html = report_sections(inputs).at(0).html();
  EXPECT_THAT(html, HasSubstr("KV cache, tokens"));
  EXPECT_THAT(html, HasSubstr("<td class=\"number\" data-value=\"514256\">514,256</td>"));
  EXPECT_THAT(html, HasSubstr("2,765"));
  EXPECT_THAT(html, HasSubstr("76,285"));  // of the link between them
  EXPECT_EQ(count(html, ", full<"), 0);
}

TEST(PlacementView, NamesWhatIsWrong) {
  try {
    section_of(placement(R"("machines": [{"machine": "a", "type": "L4", "layers": [0, 81]}])"));
    ADD_FAILURE() << "expected an error";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("file0.json"));
    EXPECT_THAT(error.what(), HasSubstr("/machines/0/layers"));
  }
}

std::string result(const std::string& scheduler, const std::string& latencies) {
  return R"({"schema": "sextant/serving_result/1.0", "model": "m", "cluster": "c",
    "placement": "swarm", "evidence": "replayed",
    "options": {"load": "poisson", "requests": "conversations", "scheduler": ")" +
         scheduler + R"(", "overflow": "preempt", "warm_up_s": 0, "duration_s": 60,
      "context_costs": false},
    "targets": {"time_to_first_token_s": 10}, "seeds": [0],
    "figures": {"decode_tokens_per_s": 70.5, "requests_per_s": 0.25, "good_share": 0.875, )" +
         latencies + R"( "finished": 8, "rejected": 3, "dropped": 0, "preempted": 2},
    "nodes": [{"machine": "n", "type": "T4", "layers": [0, 8], "busy_share": 0.5, "mean_batch": 2,
      "mean_queue": 1.5, "peak_queue": 7, "mean_kv_share": 0.25, "peak_kv_share": 0.5}]})";
}
constexpr const char* kLatencies =
    R"("prompt_latency_s": {"p5": 1, "p50": 2, "p95": 3}, "end_to_end_s": {"p50": 9, "p99": 20},)";

TEST(ServingResultView, ShowsLatenciesLoadAndCounts) {
  const HtmlSection section = section_of(result("flow", kLatencies));
  EXPECT_EQ(section.evidence(), "replayed");
  EXPECT_EQ(count(section.html(), kPlot), 3);
  EXPECT_EQ(count(section.html(), "Evidence: replayed."), 3);
  EXPECT_THAT(section.html(), HasSubstr("87.5 % of requests"));
  EXPECT_THAT(section.html(), HasSubstr("70.5 tokens/s"));
  EXPECT_THAT(section.html(), HasSubstr(">a prompt<"));
  EXPECT_THAT(section.html(), HasSubstr(">a whole request<"));
  EXPECT_THAT(section.html(), Not(HasSubstr("a decode step<")));  // nobody has any
  EXPECT_THAT(section.html(), HasSubstr("<th scope=\"col\" class=\"number\">preempted"));
}

TEST(ServingResultView, DrawsNoLatenciesWhereThereAreNone) {
  const HtmlSection section = section_of(result("flow", ""));
  EXPECT_EQ(count(section.html(), kPlot), 2);
  EXPECT_THAT(section.html(), HasSubstr("No request got a token"));
}

TEST(ServingResultView, PutsSeveralSideBySide) {
  const std::vector<HtmlSection> sections =
      sections_of({result("flow", kLatencies), result("random", ""), result("random", "")});
  ASSERT_EQ(sections.size(), 4U);
  EXPECT_EQ(sections[0].title(), "Serving: results side by side");
  EXPECT_THAT(sections[0].html(), HasSubstr(">swarm, flow<"));
  EXPECT_THAT(sections[0].html(), HasSubstr(">swarm, random (file2.json)<"));
}

std::string timeline(const std::string& events) {
  return R"({"schema": "sextant/serving_timeline/1.0", "displayTimeUnit": "ms",
    "otherData": {"evidence": "measured-cpu", "model": "m"}, "traceEvents": [
      {"ph": "M", "name": "process_name", "pid": 1, "args": {"name": "one"}})" +
         events + "]}";
}

TEST(ServingTimelineView, ShowsMachinesOverTime) {
  const std::string batches = R"(,
    {"ph": "X", "name": "b", "cat": "mixed", "pid": 1, "tid": 1, "ts": 0, "dur": 2e6,
     "args": {"prompts": 1, "decodes": 3}},
    {"ph": "X", "name": "b", "cat": "decode", "pid": 1, "tid": 1, "ts": 3e6, "dur": 1e6,
     "args": {"prompts": 0, "decodes": 2}})";
  const HtmlSection busy = section_of(timeline(batches));
  EXPECT_EQ(busy.evidence(), "measured-cpu");
  EXPECT_THAT(busy.html(), HasSubstr(">busy, %<"));
  EXPECT_THAT(busy.html(), Not(HasSubstr("requests that wait")));
  EXPECT_THAT(busy.html(), HasSubstr("data-value=\"75\">75.0<"));  // 3 s of 4 s
  EXPECT_THAT(busy.html(), HasSubstr("data-value=\"3\""));         // requests of a batch
  const HtmlSection all = section_of(timeline(
      batches +
      R"(, {"ph": "C", "name": "load", "pid": 1, "ts": 1e6, "args": {"waiting": 4, "kv_share": 0.5}})"));
  EXPECT_THAT(all.html(), HasSubstr(">requests that wait<"));
  EXPECT_THAT(all.html(), HasSubstr(">KV cache in use, %<"));
}

TEST(ServingTimelineView, DrawsNothingOfNothing) {
  const HtmlSection section = section_of(timeline(""));
  EXPECT_EQ(count(section.html(), kPlot), 0);
  EXPECT_THAT(section.html(), HasSubstr("Nothing ran."));
}

constexpr const char* kProvenance = R"("provenance": {"tool": "t", "machine": "m"})";

std::string profile(const std::string& decode) {
  return R"({"key": {"model": "m", "gpu": "A100-40", "variant": "bf16", "dtype": "bf16", "tp": 2},
    "status": "ok", "evidence": "measured-cpu",
    "limits": {"prefill_tokens": 512, "decode_batch": 8, "decode_context": 256},
    "tp_comm": "included", "memory_basis": "measured", "sequence": ["block"],
    "layer_kinds": [{"kind": "block", "weight_bytes": 1048576, "kv_bytes_per_token": 4096,
      "prefill_workspace_bytes": 0, "decode_workspace_bytes": 0,
      "prefill": [{"tokens": 128, "time": {"median_s": 0.001}},
                  {"tokens": 512, "time": {"median_s": 0.003}}],
      "decode": [)" +
         decode + R"(]}],
    "failures": [{"phase": "prefill", "batch": 1, "context": 4096, "status": "oom",
                  "reason": "out of memory"}], )" +
         kProvenance + "}";
}

TEST(ServingProfileView, DrawsPrefillAndDecode) {
  const std::string decode = R"({"batch": 1, "context": 64, "time": {"median_s": 0.001}},
                                {"batch": 8, "context": 64, "time": {"median_s": 0.002}},
                                {"batch": 1, "context": 256, "time": {"median_s": 0.004}})";
  std::string text = profile(decode);
  text.insert(1, R"("schema": "sextant/serving_profile/1.0", )");
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(text, "p.json")));
  const std::string html = report_sections(inputs).at(0).html();
  EXPECT_EQ(count(html, kPlot), 2);
  EXPECT_THAT(html, HasSubstr(">context 256<"));
  EXPECT_THAT(html, HasSubstr("out of memory"));
}

TEST(ServingProfileView, LeavesOutWhatNobodyMeasured) {
  const std::string text =
      R"({"schema": "sextant/serving_db/1.0", "model": "m", "gpu": "A100-40", "profiles": [)" +
      profile("") + "]}";
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(text, "db.json")));
  const std::vector<HtmlSection> sections = report_sections(inputs);
  ASSERT_EQ(sections.size(), 1U);
  EXPECT_EQ(count(sections[0].html(), kPlot), 1);
  EXPECT_THAT(sections[0].title(), HasSubstr("tp 2"));
}

}  // namespace
}  // namespace sextant
