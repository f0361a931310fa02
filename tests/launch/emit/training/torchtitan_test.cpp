#include "tests/launch/emit/training/engine_jobs.h"
#include "tests/launch/emit/training/golden_folder.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using namespace testing;

const LaunchTarget& torchtitan() {
  return launch_target_named("torchtitan");
}

LaunchJob sharded_job(Plan plan) {
  plan.zero_stage = 3;
  return engine_job(std::move(plan));
}

std::string config_of(const LaunchJob& job) {
  return folder_of(torchtitan(), job).files.at("config.toml");
}

TEST(Torchtitan, WritesTheModulesOfUnevenStages) {
  EXPECT_EQ(config_of(sharded_job(uneven_plan())),
            R"toml(# For torchtitan 0.2: https://github.com/pytorch/torchtitan
[job]
dump_folder = "logs"
description = "Llama-3-8B"

[model]
name = "llama3"
flavor = "8B"

[training]
dataset = "c4_test"
local_batch_size = 8
global_batch_size = 16
seq_len = 8192
steps = 20
mixed_precision_param = "bfloat16"
mixed_precision_reduce = "float32"

[optimizer]
name = "AdamW"
lr = 1e-5

[lr_scheduler]
warmup_steps = 1

[parallelism]
data_parallel_replicate_degree = 1
data_parallel_shard_degree = 2
tensor_parallel_degree = 2
pipeline_parallel_degree = 2
context_parallel_degree = 1
fsdp_reshard_after_forward = "always"
pipeline_parallel_schedule = "1F1B"
pipeline_parallel_microbatch_size = 1
module_fqns_per_model_part = [
  ["tok_embeddings", "layers.0", "layers.1", "layers.2", "layers.3", "layers.4", "layers.5", "layers.6", "layers.7", "layers.8", "layers.9", "layers.10", "layers.11", "layers.12"],
  ["layers.13", "layers.14", "layers.15", "layers.16", "layers.17", "layers.18", "layers.19", "layers.20", "layers.21", "layers.22", "layers.23", "layers.24", "layers.25", "layers.26", "layers.27", "layers.28", "layers.29", "layers.30", "layers.31", "norm", "output"],
]

[activation_checkpoint]
mode = "none"

[metrics]
log_freq = 1
disable_color_printing = true
)toml");
}

TEST(Torchtitan, FoldersOfAllShapesOfPlans) {
  const std::vector<std::string> of_plan = {"config.toml", "hosts.txt", "node.sh"};
  expect_golden(
      folder_of(torchtitan(), sharded_job(uniform_plan())),
      {"config.toml", "hosts.txt", "node.sh", "environment.sh", "compare.sh", "README.md"},
      "torchtitan-uniform");
  expect_golden(folder_of(torchtitan(), sharded_job(two_types_plan())), of_plan,
                "torchtitan-two-types");
  expect_golden(folder_of(torchtitan(), sharded_job(geo_plan())), of_plan, "torchtitan-geo");
  for (const Plan& plan : {uniform_plan(), uneven_plan(), two_types_plan(), geo_plan()}) {
    expect_sound_scripts(folder_of(torchtitan(), sharded_job(plan)));
  }
}

// Fields of the dataclasses of
// https://github.com/pytorch/torchtitan/blob/v0.2.0/torchtitan/config/job_config.py.
TEST(Torchtitan, NamesOnlyFieldsOfItsConfiguration) {
  Plan interleaved = uniform_plan();
  interleaved.schedule = ScheduleKind::kInterleaved;
  interleaved.pipelines[0].stages[0].chunks = {{0, 9}, {17, 25}};
  interleaved.pipelines[0].stages[1].chunks = {{9, 17}, {25, 35}};
  Plan copies = engine_plan({{35}}, 4, 1);
  copies.recompute = true;
  const TemporaryFolder at;
  for (const LaunchJob& job : {sharded_job(uneven_plan()), sharded_job(interleaved),
                               engine_job(copies, DataType::kFp32)}) {
    const std::string file = at.write("config.toml", config_of(job)).string();
    const ProgramResult read = run_program({"python3", "-c", R"py(
import sys, tomllib
fields = {
    "job": {"dump_folder", "description"},
    "model": {"name", "flavor"},
    "training": {"dataset", "local_batch_size", "global_batch_size", "seq_len", "steps",
                 "mixed_precision_param", "mixed_precision_reduce"},
    "optimizer": {"name", "lr"},
    "lr_scheduler": {"warmup_steps"},
    "parallelism": {"data_parallel_replicate_degree", "data_parallel_shard_degree",
                    "fsdp_reshard_after_forward", "tensor_parallel_degree",
                    "pipeline_parallel_degree", "module_fqns_per_model_part",
                    "pipeline_parallel_schedule", "pipeline_parallel_microbatch_size",
                    "context_parallel_degree"},
    "activation_checkpoint": {"mode"},
    "metrics": {"log_freq", "disable_color_printing"},
}
config = tomllib.load(open(sys.argv[1], "rb"))
for table, members in config.items():
    assert set(members) <= fields[table], (table, members)
p = config["parallelism"]
t = config["training"]
replicas = p["data_parallel_replicate_degree"] * p["data_parallel_shard_degree"]
assert t["global_batch_size"] % (t["local_batch_size"] * replicas) == 0
modules = sum(p.get("module_fqns_per_model_part", [[]]), [])
assert modules in ([], ["tok_embeddings"] + [f"layers.{i}" for i in range(32)] + ["norm", "output"])
)py",
                                            file});
    EXPECT_EQ(read.exit_code, 0) << read.err;
  }
}

TEST(Torchtitan, AccumulatesWithoutAPipeline) {
  const std::string config = config_of(engine_job(engine_plan({{35}}, 4, 1)));
  EXPECT_THAT(config, HasSubstr("local_batch_size = 1\nglobal_batch_size = 16\n"));
  EXPECT_THAT(config, HasSubstr("data_parallel_replicate_degree = 4\n"
                                "data_parallel_shard_degree = 1\n"));
}

TEST(Torchtitan, TellsZeroTwoFromZeroThree) {
  Plan plan = uniform_plan();
  plan.zero_stage = 2;
  EXPECT_THAT(config_of(engine_job(plan)), HasSubstr("fsdp_reshard_after_forward = \"never\"\n"));
}

TEST(Torchtitan, RunsStagesOfTwoTypesAndInTwoZones) {
  EXPECT_THAT(torchtitan().obstacles(sharded_job(two_types_plan())), IsEmpty());
  EXPECT_THAT(torchtitan().obstacles(sharded_job(geo_plan())), IsEmpty());
}

TEST(Torchtitan, SaysWhatItLacks) {
  EXPECT_THAT(torchtitan().obstacles(engine_job(uniform_plan())),
              ElementsAre(HasSubstr("2 whole copies of stages")));
  Plan optimizer = uniform_plan();
  optimizer.zero_stage = 1;
  EXPECT_THAT(torchtitan().obstacles(engine_job(optimizer)),
              ElementsAre(HasSubstr("ZeRO stage 1")));
  Plan bubbles = uniform_plan();
  bubbles.schedule = ScheduleKind::kZeroBubbleH1;
  EXPECT_THAT(torchtitan().obstacles(sharded_job(bubbles)), ElementsAre(HasSubstr("zb-h1")));
  Plan few = engine_plan({{9}, {8}, {8}, {10}}, 8, 1);  // two microbatches for four stages
  EXPECT_THAT(torchtitan().obstacles(sharded_job(few)),
              ElementsAre(HasSubstr("2 microbatches for 4 stages")));
  LaunchJob job = sharded_job(uniform_plan());
  job.job.optimizer = Optimizer::kSgd;
  job.job.dtype = DataType::kFp16;
  EXPECT_THAT(torchtitan().obstacles(job), ElementsAre(HasSubstr("fp16"), HasSubstr("SGD")));
  job = sharded_job(uniform_plan());
  job.model.ffn = 14080;
  EXPECT_THAT(torchtitan().obstacles(job), ElementsAre(HasSubstr("none of the sizes of Llama 3")));
  job = sharded_job(engine_plan({{17}, {18}}, 1, 4));
  job.plan.pipelines[0].stages[0].replicas[0] = {
      {{"A100-40", "hall", 0, 8}, {"A100-40", "hall", 1, 8}}, 16, 0};
  EXPECT_THAT(obstacles_of(torchtitan(), job), HasSubstr("8 key-value heads"));
  Plan degrees = uniform_plan();
  degrees.zero_stage = 3;
  degrees.pipelines[0].stages[1].replicas.assign(2, {{{"A100-40", "hall", -1, 4}}, 4, 0});
  EXPECT_THAT(torchtitan().obstacles(engine_job(degrees)),
              ElementsAre(HasSubstr("tensor degree 4")));
}

TEST(Torchtitan, HandsWordsOnAsTheyAre) {
  const TemporaryFolder at;
  LaunchJob job = sharded_job(uneven_plan());
  job.model.name = kHostile;
  LaunchOptions options = engine_options();
  options.engine_path = "/opt/$(id) 'titan'";
  check_scripts(folder_of(torchtitan(), job, options), at);
  const ProgramResult run =
      run_program({(at.path() / "job/node.sh").string(), "0", "--training.steps", "3"},
                  {{path_with(at, "torchrun")}, std::chrono::seconds(20)});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("<--local-ranks-filter> <0> <--role> <rank> <--tee> <3> <-m> "
                                 "<torchtitan.train> <--job.config_file> <"));
  EXPECT_THAT(run.out, HasSubstr("</opt/$(id) 'titan'/tests/assets/tokenizer>"));
  EXPECT_THAT(run.out, HasSubstr("<--training.steps> <3>\n"));
  const ProgramResult name = run_program(
      {"python3", "-c",
       "import sys, tomllib; sys.stdout.write(tomllib.load(open(sys.argv[1], 'rb'))['job']"
       "['description'])",
       (at.path() / "job/config.toml").string()});
  EXPECT_EQ(name.out, kHostile);
}

TEST(Torchtitan, ComputesTheTimeFromTokensASecond) {
  const TemporaryFolder at;
  write_job_folder(folder_of(torchtitan(), sharded_job(uniform_plan())), at.path() / "job",
                   "plan.json", false);
  // 8 sequences of 8192 tokens a replica, on 4 GPUs: 16384 tokens of each GPU in 4 s.
  std::string log;
  for (const char* tps : {"12", "1,000", "4,096", "4,096"}) {
    log += fmt::format(
        "[rank0]:[titan] 2026-01-01 00:00:00 - root - INFO - step:  1  loss:  8.1  "
        "grad_norm:  1.2  memory: 10.00GiB(25.00%)  tps: {}  tflops: 9.99\n",
        tps);
  }
  const ProgramResult found =
      run_program({(at.path() / "job/compare.sh").string(), at.write("node_1.log", log).string()});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("measured   4 s an iteration, median of 2\n"));
}

}  // namespace
}  // namespace sextant
