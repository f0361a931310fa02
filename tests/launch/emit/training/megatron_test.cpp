#include <set>

#include "analyzer/core/error.h"
#include "launch/emit/training/engine_grid.h"
#include "tests/launch/emit/training/engine_jobs.h"
#include "tests/launch/emit/training/golden_folder.h"

namespace sextant {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsSubsetOf;
using ::testing::Not;
using namespace testing;

const LaunchTarget& megatron() {
  return launch_target_named("megatron");
}

// add_argument of https://github.com/NVIDIA/Megatron-LM/blob/
// 000c4ac24f61159c138b0975def722c65245983c/megatron/training/arguments.py, by argument group.
const std::vector<std::string> kDocumented = {
    // network size
    "--num-layers", "--hidden-size", "--ffn-hidden-size", "--num-attention-heads", "--kv-channels",
    "--group-query-attention", "--num-query-groups", "--window-size", "--window-attn-skip-freq",
    "--max-position-embeddings", "--position-embedding-type", "--make-vocab-size-divisible-by",
    "--normalization", "--swiglu", "--untie-embeddings-and-output-weights",
    // regularization
    "--attention-dropout", "--hidden-dropout",
    // training
    "--micro-batch-size", "--global-batch-size", "--recompute-granularity", "--recompute-method",
    "--recompute-num-layers", "--train-iters", "--log-interval", "--disable-bias-linear",
    "--add-qkv-bias", "--optimizer", "--sequence-parallel",
    // learning rate
    "--lr", "--lr-decay-style",
    // mixed precision
    "--fp16", "--bf16",
    // distributed
    "--tensor-model-parallel-size", "--pipeline-model-parallel-size",
    "--pipeline-model-parallel-layout", "--num-virtual-stages-per-pipeline-rank",
    "--overlap-grad-reduce", "--use-distributed-optimizer",
    // validation, tokenizer, data
    "--eval-iters", "--vocab-size", "--tokenizer-type", "--mock-data", "--seq-length"};

std::string arguments_of(const LaunchJob& job) {
  return folder_of(megatron(), job).files.at("node.sh");
}

TEST(Megatron, StartsAUniformPlan) {
  const JobFolder folder = folder_of(megatron(), engine_job(uniform_plan()));
  EXPECT_EQ(folder.files.at("node.sh"), R"sh(#!/usr/bin/env bash
# Starts the ranks of one node, on its machine: node.sh NODE [ARGUMENT OF Megatron-LM…]
# Nodes are those of README.md; each needs to be started once, in any order.
set -euo pipefail
cd "$(dirname "$0")"
# shellcheck disable=SC1091 # made beside this script
source ./environment.sh
machines=2
ranks=(4 4)
node=${1-}
if ! [[ $node =~ ^(0|[1-9][0-9]{0,5})$ ]] || [ "$node" -ge ${#ranks[@]} ]; then
  echo "usage: node.sh NODE [ARGUMENT OF Megatron-LM…], with NODE from 0 to $((${#ranks[@]} - 1))" >&2
  exit 2
fi
shift

hosts=()
while read -r address machine; do
  case $address in
    '' | '#'*) continue ;;
    '?') echo "hosts.txt: no host name of $machine" >&2; exit 3 ;;
    -*) echo "hosts.txt: '$address' is no host name" >&2; exit 3 ;;
  esac
  hosts+=("$address")
done < hosts.txt
if [ ${#hosts[@]} -ne $machines ]; then
  echo "hosts.txt: expected $machines machines, found ${#hosts[@]}" >&2
  exit 3
fi
if [ -z "$MEGATRON_PATH" ]; then
  echo "environment.sh: MEGATRON_PATH is not set" >&2
  exit 3
fi
arguments=(
  --tensor-model-parallel-size 2
  --pipeline-model-parallel-size 2
  --micro-batch-size 1
  --global-batch-size 16
  --num-layers 32
  --hidden-size 4096
  --ffn-hidden-size 14336
  --num-attention-heads 32
  --seq-length 8192
  --max-position-embeddings 8192
  --swiglu
  --disable-bias-linear
  --untie-embeddings-and-output-weights
  --attention-dropout 0.0
  --hidden-dropout 0.0
  --bf16
  --optimizer adam
  --lr 1e-5
  --lr-decay-style constant
  --train-iters 20
  --eval-iters 0
  --log-interval 1
  --tokenizer-type NullTokenizer
  --vocab-size 128255
  --make-vocab-size-divisible-by 128
  --group-query-attention
  --num-query-groups 8
  --position-embedding-type rope
  --normalization RMSNorm
  --mock-data
)
exec torchrun --nnodes ${#ranks[@]} --node-rank "$node" \
  --nproc-per-node "${ranks[node]}" --rdzv-backend static \
  --master-addr "${hosts[0]}" --master-port 29500 \
  "$MEGATRON_PATH/pretrain_gpt.py" "${arguments[@]}" "$@"
)sh");
  EXPECT_EQ(folder.files.at("environment.sh"),
            "# shellcheck shell=bash\n"
            "# What is different at each site; every script here reads it.\n"
            "# The checkout of Megatron-LM, at the same place on all machines.\n"
            "MEGATRON_PATH=${MEGATRON_PATH:-'/opt/engine'}\n"
            "export CUDA_DEVICE_MAX_CONNECTIONS=1\n");
  EXPECT_THAT(folder.files.at("README.md"), HasSubstr("Written for Megatron-LM"));
}

TEST(Megatron, FoldersOfAllShapesOfPlans) {
  const std::vector<std::string> of_plan = {"hosts.txt", "node.sh", "README.md"};
  const JobFolder uniform = folder_of(megatron(), engine_job(uniform_plan()));
  expect_golden(uniform,
                {"hosts.txt", "node.sh", "start.sh", "environment.sh", "compare.sh", "README.md"},
                "megatron-uniform");
  expect_golden(folder_of(megatron(), engine_job(uneven_plan())), of_plan, "megatron-uneven");
  expect_golden(folder_of(megatron(), engine_job(two_types_plan())), of_plan, "megatron-two-types");
  expect_golden(folder_of(megatron(), engine_job(geo_plan())), of_plan, "megatron-geo");
  for (const Plan& plan : {uniform_plan(), uneven_plan(), two_types_plan(), geo_plan()}) {
    expect_sound_scripts(folder_of(megatron(), engine_job(plan)));
  }
}

TEST(Megatron, NamesOnlyDocumentedArguments) {
  Plan all = uneven_plan();
  all.recompute = true;
  all.sequence_parallel = true;
  all.zero_stage = 1;
  LaunchJob overlapping = engine_job(all, DataType::kFp16);
  overlapping.job.framework = "megatron-overlap";
  overlapping.model.head_dim = 64;
  overlapping.model.attention_window = 4096;
  overlapping.model.attention_bias = true;
  LaunchJob learned = engine_job(uniform_plan());
  learned.model.position = Position::kLearned;
  learned.model.learned_positions = 8192;
  learned.model.norm = Normalization::kLayerNorm;
  learned.model.activation = Activation::kGelu;
  Plan interleaved = uniform_plan();
  interleaved.schedule = ScheduleKind::kInterleaved;
  interleaved.pipelines[0].stages[0].chunks = {{0, 9}, {17, 25}};
  interleaved.pipelines[0].stages[1].chunks = {{9, 17}, {25, 35}};
  for (const LaunchJob& job : {overlapping, learned, engine_job(interleaved),
                               engine_job(uniform_plan(), DataType::kFp32)}) {
    const std::vector<std::string> flags = flags_of(arguments_of(job));
    EXPECT_GT(flags.size(), 20U);
    EXPECT_THAT(flags, IsSubsetOf(kDocumented));
    EXPECT_EQ(std::set(flags.begin(), flags.end()).size(), flags.size());
  }
}

TEST(Megatron, LaysUnevenStagesOut) {
  EXPECT_THAT(arguments_of(engine_job(uneven_plan())),
              HasSubstr("\n  --pipeline-model-parallel-layout 'Et*13|t*19L'\n"));
  // Embedding and head on stages of their own.
  EXPECT_THAT(arguments_of(engine_job(engine_plan({{1}, {32}, {2}}, 1, 1))),
              HasSubstr("'E|t*32|L'"));
  EXPECT_THAT(arguments_of(engine_job(uniform_plan())), Not(HasSubstr("layout")));
}

TEST(Megatron, GivesStagesOfTwoTypesTheirNodes) {
  LaunchOptions options = engine_options();
  options.hosts = {{"V100-16@hall/0", "v0"}, {"A100-40@hall/0", "a0"}};
  const JobFolder folder = folder_of(megatron(), engine_job(two_types_plan()), options);
  EXPECT_THAT(folder.files.at("node.sh"), HasSubstr("'Et*9|t*23L'"));
  EXPECT_THAT(folder.files.at("hosts.txt"), HasSubstr("\nv0 V100-16@hall/0\na0 A100-40@hall/0\n"));
}

TEST(Megatron, SpansZones) {
  const JobFolder folder = folder_of(megatron(), engine_job(geo_plan()));
  EXPECT_THAT(folder.files.at("hosts.txt"), HasSubstr("a0 A100-40@hall/0\n? A100-40@far/0\n"));
  // A replica of each stage is in each zone, so that machines stand twice, with two GPUs each.
  EXPECT_THAT(folder.files.at("node.sh"), HasSubstr("ranks=(2 2 2 2)\n"));
  EXPECT_THAT(folder.files.at("node.sh"), HasSubstr("visible=('0,1' '0,1' '2,3' '2,3')\n"));
}

TEST(Megatron, InterleavesVirtualChunks) {
  Plan plan = uniform_plan();
  plan.schedule = ScheduleKind::kInterleaved;
  plan.pipelines[0].stages[0].chunks = {{0, 9}, {17, 25}};
  plan.pipelines[0].stages[1].chunks = {{9, 17}, {25, 35}};
  EXPECT_THAT(arguments_of(engine_job(plan)),
              HasSubstr("--num-virtual-stages-per-pipeline-rank 2\n"));
  plan.pipelines[0].stages[0].chunks = {{0, 9}, {16, 25}};
  plan.pipelines[0].stages[1].chunks = {{9, 16}, {25, 35}};
  EXPECT_THAT(arguments_of(engine_job(plan)), HasSubstr("layout 'Et*8|t*7|t*9|t*8L'\n"));
  plan.microbatch = 8;  // one microbatch for two stages
  EXPECT_THAT(obstacles_of(megatron(), engine_job(plan)), HasSubstr("2 virtual chunks a stage"));
}

TEST(Megatron, SaysWhetherTensorFloat32IsMeant) {
  const auto environment = [](DataType dtype) {
    return folder_of(megatron(), engine_job(uniform_plan(), dtype)).files.at("environment.sh");
  };
  EXPECT_THAT(environment(DataType::kFp32), HasSubstr("CUBLAS_OVERRIDE=0\n"));
  EXPECT_THAT(environment(DataType::kTf32), HasSubstr("CUBLAS_OVERRIDE=1\n"));
  EXPECT_THAT(environment(DataType::kBf16), Not(HasSubstr("CUBLAS")));
}

TEST(Megatron, RefusesWhatIsNoGrid) {
  Plan degrees = uniform_plan();
  degrees.pipelines[0].stages[1].replicas.assign(2, {{{"A100-40", "hall", -1, 4}}, 4, 0});
  EXPECT_THAT(megatron().obstacles(engine_job(degrees)),
              ElementsAre("stage 1 replica 0 has tensor degree 4, stage 0 replica 0 has 2: "
                          "Megatron-LM has one for all ranks"));

  Plan mixed = uniform_plan();
  mixed.pipelines[0].stages[1].replicas[1].machines[0].gpu = "V100-16";
  EXPECT_THAT(megatron().obstacles(engine_job(mixed)),
              ElementsAre("stage 1 replica 1 is on \"V100-16\", replica 0 of its stage on "
                          "\"A100-40\": Megatron-LM takes the GPUs of a stage to be alike, with "
                          "equal shares and one choice of kernels"));

  Plan counts = uniform_plan();
  counts.pipelines[0].stages[1].replicas.pop_back();
  EXPECT_THAT(megatron().obstacles(engine_job(counts)),
              ElementsAre("stage 1 has 1 replicas, stage 0 has 2: Megatron-LM has as many in "
                          "every stage"));

  Plan shares = uniform_plan();
  for (Stage& stage : shares.pipelines[0].stages) {
    stage.replicas[0].share = 9;
    stage.replicas[1].share = 7;
  }
  EXPECT_THAT(megatron().obstacles(engine_job(shares)),
              ElementsAre("stage 0 replica 1 takes 7 microbatches an iteration, stage 0 replica 0 "
                          "takes 9: Megatron-LM gives all replicas as many"));

  Plan batch = uniform_plan();
  batch.global_batch = 15;
  EXPECT_THAT(megatron().obstacles(engine_job(batch)),
              ElementsAre("plan: a global batch of 15 is no multiple of 2 replicas with "
                          "microbatches of 1: Megatron-LM needs a whole number of microbatches for "
                          "each replica"));

  Plan pipelines = uniform_plan();
  pipelines.pipelines.push_back(pipelines.pipelines[0]);
  EXPECT_THAT(megatron().obstacles(engine_job(pipelines)),
              ElementsAre("plan: has 2 pipelines: Megatron-LM has one, whose stages have equal "
                          "replicas"));
}

TEST(Megatron, TakesEqualSharesForNone) {
  Plan plan = uniform_plan();
  for (Stage& stage : plan.pipelines[0].stages) {
    for (Replica& replica : stage.replicas) replica.share = 8;
  }
  EXPECT_THAT(megatron().obstacles(engine_job(plan)), ::testing::IsEmpty());
}

TEST(Megatron, RefusesSettingsThatItLacks) {
  for (const ScheduleKind kind : {ScheduleKind::kGPipe, ScheduleKind::kZeroBubbleH1}) {
    Plan plan = uniform_plan();
    plan.schedule = kind;
    EXPECT_THAT(megatron().obstacles(engine_job(plan)), ElementsAre(HasSubstr("plan: schedule ")));
  }
  Plan sharded = uniform_plan();
  sharded.zero_stage = 3;
  EXPECT_THAT(megatron().obstacles(engine_job(sharded)), ElementsAre(HasSubstr("ZeRO stage 3")));
  // The norm with the last blocks, the head alone.
  EXPECT_THAT(megatron().obstacles(engine_job(engine_plan({{34}, {1}}, 2, 2))),
              ElementsAre(HasSubstr("final norm and the head stand on different stages")));
}

TEST(Megatron, RefusesModelsThatItsArgumentsCannotSay) {
  const auto refused = [](const char* name) {
    LaunchJob job = engine_job(uniform_plan());
    job.model = zoo_model(name);
    job.job.seq_len = job.model.seq_len;
    return obstacles_of(megatron(), job);
  };
  EXPECT_THAT(refused("OPT-30B"), HasSubstr("model: has ReLU in its feed-forward blocks"));
  EXPECT_THAT(refused("OPT-350M"), HasSubstr("model: has its norms after the residual sums"));
  EXPECT_THAT(refused("OPT-350M"), HasSubstr("model: has a token table 512 wide"));
  EXPECT_THAT(refused("GPT-Neo-2.7B"), HasSubstr("biases everywhere but at query"));
  EXPECT_THAT(refused("GPT-3-175B"), HasSubstr("plan: divides 35 layers, but \"GPT-3-175B\" has "
                                               "99 (embedding, 96 blocks, final norm, head)"));
  LaunchJob job = engine_job(engine_plan({{17}, {18}}, 1, 4));
  job.model.kv_heads = 2;
  EXPECT_THAT(megatron().obstacles(job), ElementsAre(HasSubstr("2 key-value heads")));
}

TEST(Megatron, HandsWordsOnAsTheyAre) {
  const TemporaryFolder at;
  LaunchJob job = engine_job(uneven_plan());
  job.model.name = kHostile;
  job.plan.model = kHostile;
  LaunchOptions options = engine_options();
  options.engine_path = kHostile;
  check_scripts(folder_of(megatron(), job, options), at);
  const ProgramResult run =
      run_program({(at.path() / "job/node.sh").string(), "1", "--transformer-impl", "local host"},
                  {{path_with(at, "torchrun")}, std::chrono::seconds(20)});
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out,
              HasSubstr("torchrun <--nnodes> <2> <--node-rank> <1> <--nproc-per-node> <4> "
                        "<--rdzv-backend> <static> <--master-addr> <a0> <--master-port> <29500> <" +
                        std::string(kHostile) + "/pretrain_gpt.py> <--tensor-model-parallel-size"));
  EXPECT_THAT(run.out, HasSubstr("<--pipeline-model-parallel-layout> <Et*13|t*19L>"));
  EXPECT_THAT(run.out, HasSubstr("<--mock-data> <--transformer-impl> <local host>\n"));
}

TEST(Megatron, KeepsNamesOfMachinesInTheirLines) {
  LaunchJob job = engine_job(uniform_plan());
  job.nodes[1].zone = kHostile;
  job.nodes[1].gpu = "A100\n? B200";
  const TemporaryFolder at;
  const JobFolder folder = folder_of(megatron(), job, {});
  check_scripts(folder, at);
  const std::string& hosts = folder.files.at("hosts.txt");
  EXPECT_EQ(std::count(hosts.begin(), hosts.end(), '\n'), 4) << hosts;
  EXPECT_THAT(hosts, HasSubstr("\n? A100\\x0a? B200@x'"));
}

TEST(Megatron, RefusesHostsThatAreNoWords) {
  for (const char* host : {"", "-oProxyCommand=id", "a b", "a\nb", "#a"}) {
    LaunchOptions options = engine_options();
    options.hosts["A100-40@hall/0"] = host;
    JobFolder folder;
    EXPECT_THROW(megatron().put(engine_job(uniform_plan()), options, folder), Error) << host;
  }
}

TEST(Engines, StartNoImages) {
  LaunchOptions options = engine_options();
  options.container = "image.sif";
  for (const char* target : {"megatron", "deepspeed", "torchtitan"}) {
    JobFolder folder;
    try {
      launch_target_named(target).put(engine_job(uniform_plan()), options, folder);
      ADD_FAILURE() << target;
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kUsage);
    }
  }
}

TEST(Megatron, ComparesItsLog) {
  const TemporaryFolder at;
  write_job_folder(folder_of(megatron(), engine_job(uniform_plan())), at.path() / "job",
                   "plan.json", false);
  std::string log = "setting up\n";
  for (const char* ms : {"9000.0", "4000.0", "2500.0", "2400.0/3300.1", "2600.0"}) {
    log += fmt::format(
        " [2026-01-01 00:00:00] iteration        1/      20 | consumed samples:      "
        "     16 | elapsed time per iteration (ms): {} | learning rate: 1E-5 |\n",
        ms);
  }
  const std::string compare = (at.path() / "job/compare.sh").string();
  const ProgramResult found = run_program({compare, at.write("node_1.log", log).string()});
  EXPECT_EQ(found.exit_code, 0) << found.err;
  EXPECT_THAT(found.out, HasSubstr("measured   2.5 s an iteration, median of 3\n"));
  EXPECT_THAT(found.out, HasSubstr("predicted  2 s (estimator sextant, evidence estimated)\n"));
  EXPECT_THAT(found.out, HasSubstr("error      -20.0 %"));
  EXPECT_EQ(run_program({compare, at.write("other.log", "nothing\n").string()}).exit_code, 3);
}

}  // namespace
}  // namespace sextant
