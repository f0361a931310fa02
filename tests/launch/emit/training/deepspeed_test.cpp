#include "analyzer/core/json_document.h"
#include "tests/launch/emit/training/engine_jobs.h"
#include "tests/launch/emit/training/golden_folder.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::IsSubsetOf;
using namespace testing;

const LaunchTarget& deepspeed() {
  return launch_target_named("deepspeed");
}

// add_argument of https://github.com/deepspeedai/Megatron-DeepSpeed/blob/
// f1feb8877d760b4ceaa0551debbf1cb4026fc9be/megatron/arguments.py; --deepspeed and
// --deepspeed_config are deepspeed.add_config_arguments().
const std::vector<std::string> kDocumented = {"--deepspeed",
                                              "--deepspeed_config",
                                              "--zero-stage",
                                              "--no-pipeline-parallel",
                                              "--enable-zbh1-pipeline",
                                              "--deepspeed-activation-checkpointing",
                                              "--tensor-model-parallel-size",
                                              "--pipeline-model-parallel-size",
                                              "--micro-batch-size",
                                              "--global-batch-size",
                                              "--num-layers",
                                              "--hidden-size",
                                              "--ffn-hidden-size",
                                              "--num-attention-heads",
                                              "--num-key-value-heads",
                                              "--kv-channels",
                                              "--seq-length",
                                              "--max-position-embeddings",
                                              "--use-rotary-position-embeddings",
                                              "--normalization",
                                              "--swiglu",
                                              "--disable-bias-linear",
                                              "--untie-embeddings-and-output-weights",
                                              "--attention-dropout",
                                              "--hidden-dropout",
                                              "--bf16",
                                              "--fp16",
                                              "--optimizer",
                                              "--lr",
                                              "--lr-decay-style",
                                              "--sequence-parallel",
                                              "--recompute-granularity",
                                              "--recompute-method",
                                              "--recompute-num-layers",
                                              "--train-iters",
                                              "--eval-iters",
                                              "--log-interval",
                                              "--tokenizer-type",
                                              "--vocab-size",
                                              "--make-vocab-size-divisible-by",
                                              "--no-query-key-layer-scaling",
                                              "--data-path",
                                              "--data-impl",
                                              "--split"};

TEST(DeepSpeed, StartsAUniformPlan) {
  Plan plan = uniform_plan();
  plan.zero_stage = 1;
  const JobFolder folder = folder_of(deepspeed(), engine_job(plan));
  EXPECT_EQ(folder.files.at("hostfile"), "a0 slots=4\na1 slots=4\n");
  EXPECT_EQ(folder.files.at(".deepspeed_env"), "CUDA_DEVICE_MAX_CONNECTIONS=1\n");
  EXPECT_EQ(folder.files.at("ds_config.json"), R"json({
  "train_batch_size": 16,
  "train_micro_batch_size_per_gpu": 1,
  "gradient_accumulation_steps": 8,
  "steps_per_print": 1,
  "gradient_clipping": 1.0,
  "zero_optimization": {
    "stage": 1
  },
  "bf16": {
    "enabled": true
  },
  "wall_clock_breakdown": false
}
)json");
  EXPECT_THAT(folder.files.at("start.sh"), HasSubstr(R"sh(arguments=(
  --deepspeed
  --deepspeed_config "$PWD/ds_config.json"
  --zero-stage 1
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
  --num-key-value-heads 8
  --use-rotary-position-embeddings
  --normalization rmsnorm
  --no-query-key-layer-scaling
  --data-path "$PWD/data/tokens"
  --data-impl mmap
  --split '100,0,0'
)
deepspeed --hostfile hostfile --ssh_port "${SSH_PORT:-22}" \
  --master_addr 'a0' --master_port "${MASTER_PORT:-29500}" \
  "$MEGATRON_DEEPSPEED_PATH/pretrain_gpt.py" "${arguments[@]}" "$@" 2>&1 | tee logs/deepspeed.log
)sh"));
}

TEST(DeepSpeed, FoldersOfAllShapesOfPlans) {
  const Plan two_types = engine_plan({{17, "V100-16"}, {18, "A100-40"}}, 2, 2);
  const Plan zones = engine_plan({{17, "A100-40", "hall"}, {18, "A100-40", "far"}}, 2, 2);
  expect_golden(folder_of(deepspeed(), engine_job(uniform_plan())),
                {"hostfile", "start.sh", "ds_config.json", ".deepspeed_env", "synthetic_tokens.py",
                 "compare.sh", "README.md"},
                "deepspeed-uniform");
  expect_golden(folder_of(deepspeed(), engine_job(two_types)),
                {"hostfile", "start.sh", "ds_config.json"}, "deepspeed-two-types");
  expect_golden(folder_of(deepspeed(), engine_job(zones)),
                {"hostfile", "start.sh", "ds_config.json"}, "deepspeed-geo");
}

TEST(DeepSpeed, NamesOnlyDocumentedArguments) {
  Plan all = uniform_plan();
  all.recompute = true;
  all.sequence_parallel = true;
  LaunchJob wide = engine_job(all, DataType::kFp16);
  wide.model.head_dim = 64;
  Plan bubbles = uniform_plan();
  bubbles.schedule = ScheduleKind::kZeroBubbleH1;
  Plan sharded = engine_plan({{35}}, 4, 1);
  sharded.zero_stage = 3;
  for (const LaunchJob& job : {wide, engine_job(bubbles), engine_job(sharded)}) {
    const std::vector<std::string> flags =
        flags_of(folder_of(deepspeed(), job).files.at("start.sh"));
    EXPECT_GT(flags.size(), 25U);
    EXPECT_THAT(flags, IsSubsetOf(kDocumented));
  }
}

TEST(DeepSpeed, RefusesWhatItsPartitionOrZeroCannotDo) {
  EXPECT_THAT(deepspeed().obstacles(engine_job(uneven_plan())),
              ElementsAre("stage 0 holds 13 of 32 blocks: DeepSpeed's PipelineModule gives each of "
                          "2 stages as many and has no argument for it"));
  EXPECT_THAT(obstacles_of(deepspeed(), engine_job(two_types_plan())),
              HasSubstr("stage 0 holds 9 of 32 blocks"));
  Plan sharded = uniform_plan();
  sharded.zero_stage = 2;
  EXPECT_THAT(deepspeed().obstacles(engine_job(sharded)),
              ElementsAre(HasSubstr("ZeRO stage 2 with 2 stages")));
  Plan gpipe = uniform_plan();
  gpipe.schedule = ScheduleKind::kGPipe;
  EXPECT_THAT(deepspeed().obstacles(engine_job(gpipe)), ElementsAre(HasSubstr("schedule gpipe")));
  Plan bubbles = uniform_plan();
  bubbles.schedule = ScheduleKind::kZeroBubbleH1;
  bubbles.recompute = true;
  EXPECT_THAT(deepspeed().obstacles(engine_job(bubbles)),
              ElementsAre(HasSubstr("zb-h1 with recomputation")));
  LaunchJob windows = engine_job(uniform_plan());
  windows.model.attention_window = 4096;
  EXPECT_THAT(deepspeed().obstacles(windows), ElementsAre(HasSubstr("a window of 4096 tokens")));
  Plan mixed = uniform_plan();
  mixed.pipelines[0].stages[1].replicas[1].machines[0].gpu = "V100-16";
  EXPECT_THAT(deepspeed().obstacles(engine_job(mixed)),
              ElementsAre(HasSubstr("stage 1 replica 1 is on \"V100-16\"")));
}

TEST(DeepSpeed, RunsStagesInTwoZonesButNamesAHostOnce) {
  EXPECT_THAT(deepspeed().obstacles(
                  engine_job(engine_plan({{17, "A100-40", "hall"}, {18, "A100-40", "far"}}, 2, 2))),
              IsEmpty());
  EXPECT_THAT(deepspeed().obstacles(engine_job(geo_plan())),
              ElementsAre("machine \"A100-40@hall/0\" holds ranks that are not neighbours: a "
                          "hostfile of DeepSpeed names a host once"));
}

TEST(DeepSpeed, StartsOnlyWhenHostsAreKnown) {
  const TemporaryFolder at;
  LaunchOptions options = engine_options();
  options.hosts.erase("A100-40@hall/1");
  options.engine_path = kHostile;
  LaunchJob job = engine_job(uniform_plan());
  job.model.name = kHostile;
  job.job.seq_len = 64;
  const JobFolder folder = folder_of(deepspeed(), job, options);
  EXPECT_EQ(folder.files.at("hostfile"), "a0 slots=4\nHOST_OF_NODE_1 slots=4\n");
  check_scripts(folder, at);
  const std::string start = (at.path() / "job/start.sh").string();
  const ProgramOptions run_options = {{path_with(at, "deepspeed")}, std::chrono::seconds(60)};
  const ProgramResult refused = run_program({start}, run_options);
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_THAT(refused.err, HasSubstr("HOST_OF_NODE_"));
  at.write("job/hostfile", "a0 slots=4\na1 slots=4\n");
  const ProgramResult run = run_program({start, "--exit-interval", "2 3"}, run_options);
  EXPECT_EQ(run.exit_code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("deepspeed <--hostfile> <hostfile> <--ssh_port> <22> "
                                 "<--master_addr> <a0> <--master_port> <29500> <" +
                                 std::string(kHostile) + "/pretrain_gpt.py> <--deepspeed>"));
  EXPECT_THAT(run.out, HasSubstr("<--exit-interval> <2 3>\n"));
  // The data set that it made: MMapIndexedDataset of megatron/data/indexed_dataset.py.
  const ProgramResult data = run_program({"python3", "-c", R"py(
import array, os, struct, sys
index = open(sys.argv[1] + ".idx", "rb").read()
assert index[:9] == b"MMIDIDX\0\0"
version, code, sequences, documents = struct.unpack_from("<QBQQ", index, 9)
assert (version, code, documents) == (1, 4, sequences + 1), (version, code, documents)
sizes = array.array("i", index[34:34 + 4 * sequences])
pointers = array.array("q", index[34 + 4 * sequences:34 + 12 * sequences])
starts = array.array("q", index[34 + 12 * sequences:])
assert list(starts) == list(range(sequences + 1))
assert all(size == 65 for size in sizes) and pointers[-1] == 4 * 65 * (sequences - 1)
assert os.path.getsize(sys.argv[1] + ".bin") == 4 * 65 * sequences
tokens = array.array("i", open(sys.argv[1] + ".bin", "rb").read())
assert 0 <= min(tokens) and max(tokens) < 128255 and len(tokens) > 1000000
)py",
                                          (at.path() / "job/data/tokens").string()});
  EXPECT_EQ(data.exit_code, 0) << data.err;
}

}  // namespace
}  // namespace sextant
