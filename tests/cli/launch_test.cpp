// sextant launch: what a plan alone says, what is refused, and what hostile files do.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/measured/measured_run.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile = "it's \"x\" $(touch gone) `id` <script>alert(1)</script> ;|&";

/// A cluster of a node of four A100 and one of four V100, and a job of OPT-350M.
class LaunchCommand : public ::testing::Test {
 protected:
  LaunchCommand() {
    cluster_ = OrderedJson::parse(read_file(source_path("profiles/clusters/two-types.json")));
    cluster_["pools"][0]["nodes"] = 1;
    cluster_["pools"][1]["nodes"] = 1;
    job_ = OrderedJson::parse(read_file(source_path("profiles/jobs/opt-350m.json")));
    job_["global_batch"] = 64;
    write();
  }
  void write() {
    folder_.write("cluster.json", cluster_.dump());
    folder_.write("job.json", job_.dump());
  }
  /// plan.json, by `sextant plan`.
  void make_plan() {
    const ProgramResult result = run_sextant({"plan", "--cluster", path("cluster.json"), "--job",
                                              path("job.json"), "-o", path("plan.json")});
    ASSERT_EQ(result.exit_code, 0) << result.err;
  }
  /// What plan.json says, changed by `edit`, as another file.
  template <typename Edit>
  std::string edited(const Edit& edit) {
    OrderedJson document = OrderedJson::parse(read_file(path("plan.json")));
    edit(document);
    return folder_.write("edited.json", document.dump());
  }
  ProgramResult launch(const std::string& plan, const std::vector<std::string>& more,
                       const std::string& target = "torchrun") {
    std::vector<std::string> words = {"launch", "--plan", plan, "--to", target, "-o", out_};
    words.insert(words.end(), more.begin(), more.end());
    return run_sextant(words);
  }
  /// Held to end so, with this on stderr and without a folder.
  void expect_refused(const ProgramResult& result, int exit_code, const std::string& message) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.out, "");
    EXPECT_FALSE(fs::exists(out_));
  }
  std::vector<std::string> inputs() const {
    return {"--cluster", path("cluster.json"), "--job", path("job.json")};
  }
  std::string path(const std::string& name) const { return folder_.path() / name; }
  std::string left(const std::string& name) const { return read_file(fs::path(out_) / name); }

  TemporaryFolder folder_;
  OrderedJson cluster_;
  OrderedJson job_;
  std::string out_ = folder_.path() / "out";
};

TEST_F(LaunchCommand, APlanAloneIsEnough) {
  make_plan();
  const ProgramResult result = launch(path("plan.json"), {"--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(SchemaCheck("launched").problems(result.out), "");
  EXPECT_EQ(SchemaCheck("plan").problems(left("plan.json")), "");
  EXPECT_EQ(SchemaCheck("job").problems(left("job.json")), "");
  EXPECT_THAT(left("README.md"), AllOf(HasSubstr("estimator sailor"), HasSubstr("A100-40@hall/0"),
                                       HasSubstr("estimated"), HasSubstr("./compare.sh")));
  EXPECT_FALSE(fs::exists(fs::path(out_) / "model.json"));
  // What is in the folder says the same again.
  const std::string first = left("plan.json");
  fs::rename(out_, path("first"));
  ASSERT_EQ(launch(path("first/plan.json"), {}).exit_code, 0);
  EXPECT_EQ(left("plan.json"), first);
}

TEST_F(LaunchCommand, TheFolderIsAJobForOtherCommands) {
  make_plan();
  ASSERT_EQ(launch(path("plan.json"), {}, "slurm").exit_code, 0);
  const ProgramResult result =
      run_sextant({"simulate", "--cluster", path("cluster.json"), "--job", out_ + "/job.json",
                   "--plan", out_ + "/plan.json", "--json"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
}

TEST_F(LaunchCommand, AModelOfOnesOwnGoesWithThePlan) {
  OrderedJson model = OrderedJson::parse(read_file(source_path("profiles/models/OPT-350M.json")));
  model["name"] = "mine";
  folder_.write("my-model.json", model.dump());
  job_["model"] = "my-model.json";
  write();
  make_plan();
  EXPECT_EQ(SchemaCheck("plan").problems(read_file(path("plan.json"))), "");
  fs::remove(path("my-model.json"));
  const ProgramResult result = launch(path("plan.json"), {});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(left("job.json"), HasSubstr("\"model\": \"model.json\""));
  EXPECT_THAT(left("model.json"), HasSubstr("\"name\": \"mine\""));
  EXPECT_EQ(run_sextant({"simulate", "--cluster", path("cluster.json"), "--job", out_ + "/job.json",
                         "--plan", out_ + "/plan.json", "--json"})
                .exit_code,
            0);
}

TEST_F(LaunchCommand, AnOlderPlanNeedsClusterAndJob) {
  make_plan();
  const std::string plan = edited([](OrderedJson& document) {
    document["schema"] = "sextant/plan/1.0";
    for (const char* member : {"job", "cluster", "prediction"}) document.erase(member);
  });
  expect_refused(launch(plan, {}), 2, "add --cluster and --job");
  expect_refused(launch(plan, {"--job", path("job.json")}), 2, "add --cluster and --job");
  const ProgramResult result = launch(plan, inputs());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  // It has now what it lacked, with a prediction.
  EXPECT_THAT(left("README.md"), HasSubstr("By estimator sextant"));
  fs::rename(out_, path("first"));
  EXPECT_EQ(launch(path("first/plan.json"), {}).exit_code, 0);
}

TEST_F(LaunchCommand, TheArtifactsFormNeedsThemToo) {
  const std::string plan = folder_.write(
      "artifact.json",
      R"({"mbs": 1, "pipeline_list": [{"P": 2, "D": 1, "T": 2, "gpu_type": "V100-16", "zone": "hall"}]})");
  expect_refused(launch(plan, {}), 2, "add --cluster and --job");
  const std::string uniform =
      folder_.write("uniform.json", R"({"mbs": 1, "P": 2, "D": 1, "T": 2, "gpu_type": "V100-16",
                          "num_gpus_per_node": 4, "zone": "hall"})");
  const ProgramResult result = launch(uniform, inputs());
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(left("plan.json"), HasSubstr("\"schema\": \"sextant/plan/1.1\""));
}

TEST_F(LaunchCommand, AChangedClusterIsRefused) {
  make_plan();
  const auto with_cluster = [&] {
    write();
    return launch(path("plan.json"), {"--cluster", path("cluster.json")});
  };
  cluster_["pools"][0]["usd_per_gpu_hour"] = 99;
  EXPECT_EQ(with_cluster().exit_code, 0);
  fs::remove_all(out_);
  cluster_["pools"][0]["nodes"] = 3;
  expect_refused(
      with_cluster(), 3,
      "cluster.json: pool \"A100-40@hall\": expected 4 GPUs, as the plan has it, found 12");
  cluster_["pools"][0]["nodes"] = 4;
  cluster_["pools"][0]["gpus_per_node"] = 1;
  expect_refused(with_cluster(), 3, "expected 4 GPUs a node, as the plan has it, found 1");
  cluster_["pools"].erase(1);
  cluster_["pools"][0]["gpus_per_node"] = 4;
  cluster_["pools"][0]["nodes"] = 1;
  expect_refused(with_cluster(), 3, "pool \"V100-16@hall\": expected 4 GPUs, as the plan has it");
}

TEST_F(LaunchCommand, AnotherJobIsRefused) {
  make_plan();
  const auto refused = [&](const char* member, const OrderedJson& value, const std::string& what) {
    const OrderedJson before = job_;
    job_[member] = value;
    write();
    expect_refused(launch(path("plan.json"), {"--job", path("job.json")}), 3, what);
    job_ = before;
  };
  refused("seq_len", 1024, "sequence length: expected 2048, as the plan has it, found 1024");
  refused("dtype", "fp16", "dtype: expected fp32, as the plan has it, found fp16");
  refused("optimizer", "sgd", "optimizer: expected adam, as the plan has it, found sgd");
  refused("global_batch", 32, "global_batch: expected 32, as the job has it, found 64");
  refused("model", "Llama-3-8B", "model: expected \"Llama-3-8B\", as the job has it");
}

TEST_F(LaunchCommand, AFolderThatIsThereIsOnlyReplacedWhereItIsOurs) {
  make_plan();
  ASSERT_EQ(launch(path("plan.json"), {}).exit_code, 0);
  const ProgramResult again = launch(path("plan.json"), {}, "slurm");
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("is there already"));
  EXPECT_FALSE(fs::exists(out_ + "/job.sbatch"));
  EXPECT_EQ(launch(path("plan.json"), {"--force"}, "slurm").exit_code, 0);
  EXPECT_TRUE(fs::exists(out_ + "/job.sbatch"));
  EXPECT_FALSE(fs::exists(out_ + "/hosts.txt"));
  fs::remove(out_ + "/plan.json");
  EXPECT_EQ(launch(path("plan.json"), {"--force"}).exit_code, 3);
  EXPECT_TRUE(fs::exists(out_ + "/job.sbatch"));
}

TEST_F(LaunchCommand, DocumentsThatAreNoPlansAreRefused) {
  make_plan();
  expect_refused(launch(folder_.write("empty.json", ""), {}), 3, "empty.json");
  expect_refused(launch(folder_.write("object.json", "{}"), {}), 3, "expected a plan");
  expect_refused(launch(folder_.write("array.json", "[]"), {}), 3, "expected a plan");
  expect_refused(launch(path("job.json"), {}), 3, "sextant/plan/1");
  expect_refused(launch(edited([](OrderedJson& plan) { plan["schema"] = "sextant/plan/2.0"; }), {}),
                 3, "sextant/plan/2.0");
  expect_refused(launch(edited([](OrderedJson& plan) { plan["jobs"] = 1; }), {}), 3, "\"jobs\"");
  expect_refused(launch(edited([](OrderedJson& plan) { plan["job"]["seq_len"] = 0; }), {}), 3,
                 "/job/seq_len");
  expect_refused(
      launch(edited([](OrderedJson& plan) { plan["cluster"]["pools"][0].erase("count"); }), {}), 3,
      "/cluster/pools/0");
  // A newer minor version may say more.
  EXPECT_EQ(launch(edited([](OrderedJson& plan) {
                     plan["schema"] = "sextant/plan/1.9";
                     plan["weather"] = plan["job"]["mood"] = "good";
                   }),
                   {})
                .exit_code,
            0);
}

TEST_F(LaunchCommand, HostileNamesStayNames) {
  for (OrderedJson& pool : cluster_["pools"]) pool["zone"] = kHostile;
  OrderedJson model = OrderedJson::parse(read_file(source_path("profiles/models/OPT-350M.json")));
  model["name"] = kHostile;
  folder_.write("m.json", model.dump());
  job_["model"] = "m.json";
  write();
  make_plan();
  for (const std::string target : {"torchrun", "slurm"}) {
    const ProgramResult result = launch(path("plan.json"), {"--force"}, target);
    ASSERT_EQ(result.exit_code, 0) << result.err;
    for (const auto& file : fs::directory_iterator(out_)) {
      const fs::path script = file.path();
      if (script.extension() != ".sh" && script.extension() != ".sbatch") continue;
      EXPECT_EQ(run_program({"bash", "-n", script}).exit_code, 0) << script;
    }
    const ProgramResult checked = run_program({"bash", out_ + "/check.sh"});
    EXPECT_NE(checked.exit_code, 0);
    EXPECT_FALSE(fs::exists(out_ + "/gone"));
  }
  for (const char* newline : {"a\nb", "a\rb"}) {
    fs::remove_all(out_);
    expect_refused(launch(edited([&](OrderedJson& plan) { plan["model"] = newline; }), {}), 3,
                   "/model");
    expect_refused(
        launch(edited([&](OrderedJson& plan) { plan["cluster"]["pools"][0]["zone"] = newline; }),
               {}),
        3, "/cluster/pools/0/zone");
  }
}

TEST_F(LaunchCommand, OptionsOfTheSiteAreHeldAgainstThePlan) {
  make_plan();
  const std::string plan = path("plan.json");
  expect_refused(launch(plan, {}, "slrm"), 2, "expected one of torchrun, slurm");
  expect_refused(launch(plan, {"--host", "A100-40@hal/0=x"}), 2, "did you mean \"A100-40@hall/0\"");
  expect_refused(launch(plan, {"--host", "x"}), 2, "expected NAME=VALUE");
  expect_refused(launch(plan, {"--host", "A100-40@hall/0=-oProxyCommand=x"}), 2, "one word");
  expect_refused(launch(plan, {"--host", "A100-40@hall/0=a b"}), 2, "one word");
  expect_refused(launch(plan, {"--partition", "a\n#SBATCH --wrap=x"}, "slurm"), 2, "one word");
  expect_refused(launch(plan, {"--gres", "H100=gpu:h"}, "slurm"), 2, "the plan has no \"H100\"");
  expect_refused(launch(plan, {"--host", "A100-40@hall/0=n"}, "slurm"), 2, "Slurm chooses");
  expect_refused(launch(plan, {"--master-port", "70000"}), 2, "--master-port");
  ASSERT_EQ(launch(plan,
                   {"--gres", "V100-16=gpu:v100", "--constraint", "A100-40@hall=a100", "--time",
                    "1:00:00"},
                   "slurm")
                .exit_code,
            0);
  EXPECT_THAT(left("job.sbatch"), AllOf(HasSubstr("#SBATCH --gres=gpu:v100:4\n"),
                                        HasSubstr("#SBATCH --constraint=a100\n"),
                                        HasSubstr("#SBATCH --time=1:00:00\n")));
}

TEST_F(LaunchCommand, WhatATargetCannotRunIsToldWithAllReasons) {
  make_plan();
  const std::string plan = edited([](OrderedJson& document) {
    document["zero_stage"] = 1;
    document["recompute"] = true;
    document["schedule"] = "zb-h1";
  });
  expect_refused(launch(plan, {}), 4, "torchrun cannot run this plan: plan: schedule zb-h1");
  expect_refused(launch(plan, {}), 4, "zero_stage 1");
  expect_refused(launch(plan, {"--nearest"}), 2, "--nearest needs --cluster and --job");
  expect_refused(launch(plan, inputs()), 4, "nearest is ");
  std::vector<std::string> words = inputs();
  words.insert(words.end(), {"--nearest", "--json"});
  const ProgramResult result = launch(plan, words);
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(SchemaCheck("launched").problems(result.out), "");
  EXPECT_THAT(result.out, HasSubstr("\"nearest\": true"));
  EXPECT_THAT(left("README.md"), HasSubstr("this is not the plan that was asked for"));
  EXPECT_THAT(left("plan.json"), HasSubstr("\"zero_stage\": 0"));
}

TEST_F(LaunchCommand, APlacementGoesToVllmAndAPlanDoesNot) {
  make_plan();
  expect_refused(launch(path("plan.json"), {}, "vllm"), 2, "it serves placements");
  expect_refused(launch(path("plan.json"), {"--model", "OPT-350M"}), 2, "are of placements");
  OrderedJson machines =
      OrderedJson::parse(read_file(source_path("profiles/clusters/serving-mixed.json")));
  machines["pools"][0]["nodes"] = 8;
  machines["pools"].erase(2);  // machines of two GPUs, beside which vLLM runs no others
  const std::string cluster = folder_.write("serving.json", machines.dump());
  const ProgramResult placed =
      run_sextant({"serve", "place", "--cluster", cluster, "--model", "Llama-2-70B", "--method",
                   "swarm", "-o", path("placement.json")});
  ASSERT_EQ(placed.exit_code, 0) << placed.err;
  const std::string placement = path("placement.json");
  expect_refused(launch(placement, {}, "torchrun"), 2, "is a placement, which serves");
  expect_refused(launch(placement, {}, "vllm"), 2, "needs --cluster and --model");
  const std::vector<std::string> more = {"--cluster", cluster,        "--model",  "Llama-2-70B",
                                         "--nearest", "--model-path", "/models/x"};
  const ProgramResult result = launch(placement, more, "vllm");
  std::vector<std::string> words = {"serve", "export", "--placement", placement,
                                    "--to",  "vllm",   "-o",          path("exported")};
  words.insert(words.end(), more.begin(), more.end());
  const ProgramResult exported = run_sextant(words);
  EXPECT_EQ(result.exit_code, exported.exit_code) << result.err;
  EXPECT_EQ(result.exit_code, 0) << result.err;
  for (const auto& file : fs::recursive_directory_iterator(path("exported"))) {
    if (!file.is_regular_file()) continue;
    const fs::path name = fs::relative(file.path(), path("exported"));
    EXPECT_EQ(read_file(file.path()), left(name)) << name;
  }
}

TEST_F(LaunchCommand, RunsAreHeldAgainstWhatThePlanSaid) {
  make_plan();
  const double predicted =
      OrderedJson::parse(read_file(path("plan.json")))["prediction"]["iteration_s"];
  const JsonDocument document = JsonDocument::read(path("plan.json"));
  MeasuredRun run;
  run.name = "plan";
  run.model = "OPT-350M";
  run.dtype = "fp32";
  run.seq_len = 2048;
  run.framework = "sextant";
  run.evidence = Evidence::kReplayed;
  run.iteration.median_s = predicted / 1.25;
  run.plan = plan_from_json(document.root());
  folder_.write("measured/plan.json", json_text(measured_json(run)));
  const ProgramResult result =
      run_sextant({"validate", "--measured", path("measured"), "--predicted", path("plan.json"),
                   "--quantity", "time", "--json"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_EQ(SchemaCheck("validation").problems(result.out), "");
  const OrderedJson rows = OrderedJson::parse(result.out)["rows"];
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0]["estimator"], "sailor");
  EXPECT_DOUBLE_EQ(rows[0]["predicted"], predicted);
  const auto refused = [&](const std::vector<std::string>& more, int code, const char* message) {
    std::vector<std::string> words = {"validate", "--measured", path("measured")};
    words.insert(words.end(), more.begin(), more.end());
    const ProgramResult refusal = run_sextant(words);
    EXPECT_EQ(refusal.exit_code, code) << refusal.err;
    EXPECT_THAT(refusal.err, HasSubstr(message));
  };
  refused({"--predicted", path("plan.json"), "--job", path("job.json")}, 2,
          "--predicted has the prediction already");
  refused({"--predicted", edited([](OrderedJson& other) { other["microbatch"] = 64; })}, 3,
          "ran another plan");
  refused({"--predicted", edited([](OrderedJson& other) { other.erase("prediction"); })}, 3,
          "prediction");
}

}  // namespace
}  // namespace sextant::testing
