// What is wrong with a workload, word for word.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/topology/formats/workload_files.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

struct Refused {
  std::string content;
  const char* message;
};

TEST(BadWorkloads, Layers) {
  const TemporaryFolder folder;
  for (const Refused& row : {
           Refused{"a -1 5 NONE 0 5 NONE 0 5 ALLREDUCE 8\n",
                   "w.txt at line 1: expected 12 columns (name dependency fwd_compute "
                   "fwd_comm_type fwd_bytes ig_compute ig_comm_type ig_bytes wg_compute "
                   "wg_comm_type wg_bytes wg_update_time), found 11: wg_update_time is missing"},
           {"a -1 5 NONE 0 5 NONE 0 5 ALLREDUCE 8 10 11\n",
            "w.txt at line 1: expected 12 columns (name dependency fwd_compute fwd_comm_type "
            "fwd_bytes ig_compute ig_comm_type ig_bytes wg_compute wg_comm_type wg_bytes "
            "wg_update_time), found 13: \"11\" is too much"},
           {"a -1 5 NONE 0 5 NONE 0 5 ALLREDUCE 8 10\n\nb -1 5 NONE 0\n",
            "w.txt at line 3: expected 12 columns (name dependency fwd_compute fwd_comm_type "
            "fwd_bytes ig_compute ig_comm_type ig_bytes wg_compute wg_comm_type wg_bytes "
            "wg_update_time), found 5: ig_compute is missing"},
           {"a -1 -5 NONE 0 5 NONE 0 5 ALLREDUCE 8 10\n",
            "w.txt at line 1, column fwd_compute: expected a whole number, zero or greater, found "
            "\"-5\""},
           {"a -1 5 NONE 0 5.5 NONE 0 5 ALLREDUCE 8 10\n",
            "w.txt at line 1, column ig_compute: expected a whole number, zero or greater, found "
            "\"5.5\""},
           {"a -1 5 NONE 0 5 NONE 0 5 ALLREDUCE -8 10\n",
            "w.txt at line 1, column wg_bytes: expected a whole number, zero or greater, found "
            "\"-8\""},
           {"a -1 5 NONE 0 5 NONE 0 nan ALLREDUCE 8 10\n",
            "w.txt at line 1, column wg_compute: expected a whole number, zero or greater, found "
            "\"nan\""},
           {"a -1 5 NONE 0 5 NONE 0 5 ALLREDUCE 99999999999999999999 10\n",
            "w.txt at line 1, column wg_bytes: expected a whole number, zero or greater, found "
            "\"99999999999999999999\""},
           {"a -1 5 NONE 0 5 ALREDUCE 8 5 NONE 0 10\n",
            "w.txt at line 1, column ig_comm_type: expected one of NONE, ALLREDUCE, ALLGATHER, "
            "REDUCESCATTER, ALLTOALL, found \"ALREDUCE\" (did you mean \"ALLREDUCE\"?)"},
           {"a -1 5 BROADCAST 8 5 NONE 0 5 NONE 0 10\n",
            "w.txt at line 1, column fwd_comm_type: expected one of NONE, ALLREDUCE, ALLGATHER, "
            "REDUCESCATTER, ALLTOALL, found \"BROADCAST\""},
           {"a -1 5 NONE 8 5 NONE 0 5 NONE 0 10\n",
            "w.txt at line 1, column fwd_bytes: expected 0, for there is no communication, found "
            "\"8\""},
           {"a x 5 NONE 0 5 NONE 0 5 NONE 0 10\n",
            "w.txt at line 1, column dependency: expected a whole number, zero or greater, found "
            "\"x\""},
           {"a -1 5 NONE 0 5 NONE 0 5 NONE 0 ten\n",
            "w.txt at line 1, column wg_update_time: expected a whole number, zero or greater, "
            "found \"ten\""},
           {"\n \r\n", "w.txt: is empty; expected a workload"},
           {"", "w.txt: is empty; expected a workload"},
       }) {
    const auto file = folder.write("w.txt", row.content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_workload_text(file); }), row.message);
  }
}

TEST(BadWorkloads, Headers) {
  const TemporaryFolder folder;
  const std::string layers =
      "\n2\na -1 5 NONE 0 5 NONE 0 5 NONE 0 10\nb -1 5 NONE 0 5 NONE 0 5 NONE 0 10\n";
  for (const Refused& row : {
           Refused{"HYBRID_TRANSFORMR model_parallel_NPU_group: 4" + layers,
                   "w.txt at line 1: expected a training loop: DATA, MICRO, HYBRID_TRANSFORMER, "
                   "HYBRID_TRANSFORMER_FWD_IN_BCKWD, found \"HYBRID_TRANSFORMR\" (did you mean "
                   "\"HYBRID_TRANSFORMER\"?)"},
           {"MODEL" + layers,
            "w.txt at line 1: expected a training loop: DATA, MICRO, HYBRID_TRANSFORMER, "
            "HYBRID_TRANSFORMER_FWD_IN_BCKWD, found \"MODEL\""},
           {"HYBRID_TRANSFORMER" + layers,
            "w.txt at line 1: expected \"model_parallel_NPU_group:\", found none"},
           {"HYBRID_TRANSFORMER model_parallel_NPU_group: 0" + layers,
            "w.txt at line 1: expected one number of at least 1 behind "
            "\"model_parallel_NPU_group:\", found 0"},
           {"HYBRID_TRANSFORMER model_parallel_NPU_group: -4" + layers,
            "w.txt at line 1: expected a whole number, found \"-4\""},
           {"HYBRID_TRANSFORMER model_parallel_NPU_group:" + layers,
            "w.txt at line 1: expected one number of at least 1 behind "
            "\"model_parallel_NPU_group:\", found none"},
           {"HYBRID_TRANSFORMER model_parallel_NPU_group: 4 4" + layers,
            "w.txt at line 1: expected one number of at least 1 behind "
            "\"model_parallel_NPU_group:\", found 4 4"},
           {"HYBRID_TRANSFORMER 4 model_parallel_NPU_group: 4" + layers,
            "w.txt at line 1: expected an option that ends with a colon, found \"4\""},
           {"HYBRID_TRANSFORMER model_parallel_group: 4" + layers,
            "w.txt at line 1: expected only known options of the training loop, found "
            "\"model_parallel_group:\" (did you mean \"model_parallel_NPU_group:\"?)"},
           {"HYBRID_TRANSFORMER model_parallel_NPU_group: 4 model_parallel_NPU_group: 4" + layers,
            "w.txt at line 1: expected \"model_parallel_NPU_group:\" once, found it twice"},
           {"HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 4 checkpoints: 1 0" + layers,
            "w.txt at line 1: expected \"checkpoint_initiates:\", found none"},
           {"HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 4 checkpoints: 1 2 "
            "checkpoint_initiates: 1 1" +
                layers,
            "w.txt at line 1: expected behind \"checkpoints:\" layers from 0 to 1, found 2"},
           {"HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 4 checkpoints: 2 0 "
            "checkpoint_initiates: 1 1" +
                layers,
            "w.txt at line 1: expected behind \"checkpoints:\" how many layers, then so many, "
            "found 2 0"},
           {"HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 4 checkpoints: 2 0 1 "
            "checkpoint_initiates: 1 1" +
                layers,
            "w.txt at line 1: expected as many layers behind \"checkpoint_initiates:\" as behind "
            "\"checkpoints:\", found 1 and 2"},
           {"HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 4 checkpoints: 1 1 "
            "checkpoint_initiates: 1 0" +
                layers,
            "w.txt at line 1: expected a checkpoint of its own at or before layer 0, which "
            "initiates, found none"},
           {"HYBRID_TRANSFORMER_FWD_IN_BCKWD model_parallel_NPU_group: 4 checkpoints: 2 0 0 "
            "checkpoint_initiates: 2 1 1" +
                layers,
            "w.txt at line 1: expected a checkpoint of its own at or before layer 1, which "
            "initiates, found none"},
           {"DATA\n",
            "w.txt at line 1: expected a line with the number of layers below, found none"},
           {"DATA\n3" + layers.substr(2),
            "w.txt at line 2: expected 3 layers to follow, as it says, found 2"},
           {"DATA\n0\n", "w.txt at line 2: expected the number of layers, found \"0\""},
           {"DATA\ntwo" + layers.substr(2),
            "w.txt at line 2: expected the number of layers, found \"two\""},
           {"DATA" + layers.substr(2),
            "w.txt at line 2: expected the number of layers, found \"a -1 5 NONE 0 5 NONE 0 5 NONE "
            "0 10\""},
       }) {
    const auto file = folder.write("w.txt", row.content);
    EXPECT_EQ(refusal(folder.path(), [&] { read_workload_text(file); }), row.message);
  }
}

TEST(BadWorkloads, Communicators) {
  const TemporaryFolder folder;
  for (const Refused& row : {
           Refused{"Forward: [ 4, -1 ]\nInputGrad: [ 4, -1 ]\n",
                   "c.yml at line 1, column 1: expected the key \"WeightGrad\", found none"},
           {"Forward: [ 4, -1 ]\nInputGrad: [ 4, -1 ]\nWeightGrad: [ 2 ]\n",
            "c.yml at line 3, column 13: expected as many extents as \"Forward\" has, 2, found 1"},
           {"Forward: [ 4, 0 ]\nInputGrad: [ 4, -1 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 1, column 15: expected at least 1 NPU, or -1 for a dimension that is "
            "not used, found 0"},
           {"Forward: [ 4, -2 ]\nInputGrad: [ 4, -1 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 1, column 15: expected an integer from -1 to 16777216, found -2"},
           {"Forward: [ 4, x ]\nInputGrad: [ 4, -1 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 1, column 15: expected an integer from -1 to 16777216, found \"x\""},
           {"Forward: [ ]\nInputGrad: [ ]\nWeightGrad: [ ]\n",
            "c.yml at line 1, column 10: expected an extent for each dimension, found a list of 0 "
            "elements"},
           {"Forward: 4\nInputGrad: 4\nWeightGrad: 2\n",
            "c.yml at line 1, column 10: expected a list, found 4"},
           {"Forwards: [ 4, -1 ]\nInputGrad: [ 4, -1 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 1, column 11: expected only known keys, found \"Forwards\" (did you "
            "mean \"Forward\"?)"},
           {"Forward: [ 4096, 8192 ]\nInputGrad: [ 4, -1 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 1, column 10: expected a group of at most 16777216 NPUs, found more"},
           {"Forward: [ 4, 2 ]\nInputGrad: [ 4, 2 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 1, column 10: expected a group of 4 NPUs, as the workload says, found "
            "one of 8"},
           {"Forward: [ 4, -1 ]\nInputGrad: [ 2, -1 ]\nWeightGrad: [ -1, 2 ]\n",
            "c.yml at line 2, column 12: expected a group of 4 NPUs, as the workload says, found "
            "one of 2"},
       }) {
    const auto file = folder.write("c.yml", row.content);
    Workload workload;
    workload.groups = {{"model", 4}, {"data", 0}};
    EXPECT_EQ(refusal(folder.path(), [&] { read_communicators(file, workload); }), row.message);
  }
}

}  // namespace
}  // namespace sextant
