#include "analyzer/measured/measured_run.h"

#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

/// Two stages on two ranks, with every member that a document can have.
MeasuredRun full_run() {
  MeasuredRun run;
  run.name = "main/N2_P2";
  run.model = "tiny";
  run.dtype = "bf16";
  run.seq_len = 128;
  run.optimizer = "sgd";
  run.plan.model = "tiny";
  run.plan.layer_count = 6;
  run.plan.global_batch = 8;
  run.plan.microbatch = 2;
  const Replica replica{{{"CPU", "here", -1, 1}}, 1, 4};
  run.plan.pipelines = {{{{{{0, 2}}, {replica}}, {{{2, 6}}, {replica}}}}};
  run.iteration = {0.25, 0.2, 0.3, 3, 0.125};
  run.iteration_samples_s = {0.2, 0.3, 0.25};
  run.losses = {5.5, 5.25, 5.125, 5};
  for (int stage = 0; stage < 2; ++stage) {
    MeasuredRank rank;
    rank.stage = stage;
    rank.host = "here";
    rank.gpu = "CPU";
    rank.phases = {0.0625, 0.125, 0.03125, 0, 0.001, 0.002};
    rank.peak_allocated_bytes = 1e6;
    rank.peak_reserved_bytes = 2e6;
    rank.process_bytes = 3e6 + stage;
    run.ranks.push_back(rank);
  }
  run.peak_process_bytes = 5e6;
  run.sync_s = 0.0625;
  run.incomplete = "rank 1 is gone";
  run.suspicion = "as fast as another row";
  run.provenance = {{"host", "here"},
                    {"command", "run_plan"},
                    {"git_revision", "abc"},
                    {"time", "2026-01-31T23:59:59Z"}};
  return run;
}

std::string text(const MeasuredRun& run) {
  return json_text(measured_json(run));
}

MeasuredRun read_back(const std::string& document) {
  const TemporaryFolder folder;
  return read_measured(folder.write("run.json", document));
}

TEST(MeasuredRun, IsReadAsItWasWritten) {
  const MeasuredRun run = full_run();
  const MeasuredRun back = read_back(text(run));
  EXPECT_EQ(text(back), text(run));
  EXPECT_THAT(back.source, HasSubstr("run.json"));
  EXPECT_EQ(back.name, "main/N2_P2");
  EXPECT_EQ(back.plan, run.plan);
  EXPECT_EQ(back.iteration.samples, 3);
  EXPECT_EQ(back.iteration_samples_s, run.iteration_samples_s);
  EXPECT_EQ(back.losses, run.losses);
  ASSERT_EQ(back.ranks.size(), 2U);
  EXPECT_EQ(back.ranks[1].stage, 1);
  EXPECT_EQ(back.ranks[1].phases.receive_s, 0.03125);
  EXPECT_EQ(back.ranks[1].phases.update_s, 0.002);
  EXPECT_EQ(back.ranks[0].peak_reserved_bytes, 2e6);
  EXPECT_EQ(back.sync_s, 0.0625);
  EXPECT_EQ(back.incomplete, "rank 1 is gone");
}

TEST(MeasuredRun, IsAsItsSchemaSays) {
  sextant::testing::SchemaCheck check("measured");
  EXPECT_EQ(check.problems(text(full_run())), "");
  for (const std::string& member : check.unseen()) {
    // What of plan.json a plan without prediction and numbered machines does not have.
    EXPECT_THAT(member, ::testing::Not(HasSubstr("measured"))) << member;
  }
}

// What is published of a run: a median, one figure of memory, no ranks.
TEST(MeasuredRun, MayKnowLittle) {
  MeasuredRun run = full_run();
  run.evidence = Evidence::kReplayed;
  run.iteration = {0.25};
  run.iteration_samples_s.clear();
  run.losses.clear();
  run.ranks.clear();
  run.incomplete.clear();
  run.suspicion.clear();
  run.provenance.clear();
  const MeasuredRun back = read_back(text(run));
  EXPECT_EQ(back.iteration.samples, 0);
  EXPECT_THAT(back.ranks, IsEmpty());
  EXPECT_EQ(sextant::testing::SchemaCheck("measured").problems(text(run)), "");
}

TEST(MeasuredRun, LargestProcessIsARanksOrElseTheRuns) {
  MeasuredRun run = full_run();
  EXPECT_EQ(run.largest_process_bytes(), 3e6 + 1);
  run.ranks[1].process_bytes.reset();
  EXPECT_EQ(run.largest_process_bytes(), 3e6);
  run.ranks.clear();
  EXPECT_EQ(run.largest_process_bytes(), 5e6);
  run.peak_process_bytes.reset();
  EXPECT_EQ(run.largest_process_bytes(), std::nullopt);
}

struct Refusal {
  std::string what;
  std::function<void(OrderedJson&)> spoil;
  std::string message;
};

class MeasuredRunRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(MeasuredRunRefuses, AndSaysWhere) {
  OrderedJson document = measured_json(full_run());
  GetParam().spoil(document);
  try {
    read_back(json_text(document));
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr("run.json"));
    EXPECT_THAT(error.what(), HasSubstr(GetParam().message));
  }
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, MeasuredRunRefuses,
    ::testing::Values(
        Refusal{"strangers", [](OrderedJson& d) { d["speed"] = 1; }, "speed"},
        Refusal{"otherKind", [](OrderedJson& d) { d["schema"] = "sextant/plan/1.0"; }, "measured"},
        Refusal{"newerMajor", [](OrderedJson& d) { d["schema"] = "sextant/measured/2.0"; }, "2.0"},
        Refusal{"estimates", [](OrderedJson& d) { d["evidence"] = "estimated"; }, "/evidence"},
        Refusal{"noTime", [](OrderedJson& d) { d["iteration"]["median_s"] = 0; },
                "/iteration/median_s"},
        Refusal{"otherCount", [](OrderedJson& d) { d["iteration_samples_s"].push_back(1); },
                "/iteration_samples_s\": expected as many as iteration has, 3, found 4"},
        Refusal{"otherModel", [](OrderedJson& d) { d["plan"]["model"] = "huge"; },
                "/plan/model\": expected the model that was run"},
        Refusal{"brokenPlan", [](OrderedJson& d) { d["plan"]["layer_count"] = 7; },
                "ends at layer 6"},
        Refusal{"noSuchStage", [](OrderedJson& d) { d["ranks"][1]["stage"] = 2; },
                "/ranks/1/stage\": expected less than 2, as the plan has it, found 2"},
        Refusal{"noSuchTpRank", [](OrderedJson& d) { d["ranks"][1]["tp_rank"] = 1; },
                "/ranks/1/tp_rank"},
        Refusal{"rankTwice", [](OrderedJson& d) { d["ranks"][1]["stage"] = 0; },
                "pipeline 0 stage 0 replica 0 tp_rank 0 again"},
        Refusal{"missingRank",
                [](OrderedJson& d) {
                  d.erase("incomplete");
                  d["ranks"].erase(1);
                },
                "/ranks\": expected the 2 ranks of the plan, or none, found 1"},
        Refusal{"negativePhase", [](OrderedJson& d) { d["ranks"][0]["phases"]["sync_s"] = -1; },
                "/ranks/0/phases/sync_s"},
        Refusal{"lessReserved", [](OrderedJson& d) { d["ranks"][0]["peak_reserved_bytes"] = 10; },
                "/ranks/0/peak_reserved_bytes\": expected no less than peak_allocated_bytes"},
        Refusal{"negativeSync", [](OrderedJson& d) { d["sync_s"] = -1; }, "/sync_s"},
        Refusal{"lossNotANumber", [](OrderedJson& d) { d["losses"][0] = "nan"; }, "/losses/0"},
        Refusal{"noHost", [](OrderedJson& d) { d["provenance"].erase("host"); }, "host"}),
    [](const auto& parameter) { return parameter.param.what; });

// A run that ended early has the ranks that could still answer.
TEST(MeasuredRun, IncompleteOnesMayLackRanks) {
  MeasuredRun run = full_run();
  run.ranks.pop_back();
  EXPECT_EQ(read_back(text(run)).ranks.size(), 1U);
}

TEST(MeasuredDirectory, IsReadWithAllBelowItSortedByName) {
  const TemporaryFolder folder;
  MeasuredRun run = full_run();
  for (const char* name : {"c", "a", "b"}) {
    run.name = name;
    folder.write("deep/er/" + run.name + ".json", text(run));
  }
  folder.write("plan.json", json_text(to_json(run.plan)));
  folder.write("notes.txt", "{");
  std::vector<std::string> names;
  for (const MeasuredRun& found : read_measured_directory(folder.path())) {
    names.push_back(found.name);
  }
  EXPECT_THAT(names, ElementsAre("a", "b", "c"));
}

void expect_refused(const std::filesystem::path& directory, const std::string& message) {
  try {
    read_measured_directory(directory);
    FAIL() << "was read";
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), HasSubstr(message));
  }
}

TEST(MeasuredDirectory, RefusesNoneTwinsAndBrokenOnes) {
  const TemporaryFolder folder;
  expect_refused(folder.path() / "absent", "absent");
  expect_refused(folder.path(), "found none");
  folder.write("a.json", text(full_run()));
  folder.write("b.json", text(full_run()));
  expect_refused(folder.path(), "b.json: expected one run of each name");
  folder.write("b.json", "{\"schema\": ");
  expect_refused(folder.path(), "b.json");
}

}  // namespace
}  // namespace sextant
