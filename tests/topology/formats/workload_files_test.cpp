#include "analyzer/topology/formats/workload_files.h"

#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

double compute_ns(const Workload& workload) {
  double sum = 0;
  for (const WorkloadLayer& layer : workload.layers) {
    for (const LayerPhase& phase : layer.phases) sum += phase.compute_s;
  }
  return sum * 1e9;
}

double bytes(const Workload& workload, TrainingPhase phase) {
  double sum = 0;
  for (const WorkloadLayer& layer : workload.layers) sum += layer.at(phase).bytes;
  return sum;
}

TEST(PublishedWorkloads, OfTheArtifact) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  struct Row {
    const char* name;
    int model_npus;
    double compute_ns;
    double data_bytes;
  };
  for (const Row& row : {Row{"17B", 1, 327148662, 869449728},
                         {"175B", 16, 684448242, 452984832},
                         {"1T", 128, 169995114, 226492416}}) {
    for (const char* folder : {"optimizer", "evaluation"}) {
      const std::string file = std::string("transformer_") + row.name;
      const Workload workload = read_workload_text(data / folder / "workload" / (file + ".txt"));
      EXPECT_EQ(workload.name, file);
      EXPECT_EQ(workload.layers.size(), 18U);
      EXPECT_EQ(workload.groups[kModelGroup].npus, row.model_npus);
      EXPECT_EQ(workload.groups[kDataGroup].npus, 0);
      EXPECT_NEAR(compute_ns(workload), row.compute_ns, 1e-3) << file;
      EXPECT_EQ(bytes(workload, TrainingPhase::kWeightGradient), row.data_bytes) << file;
      EXPECT_THAT(workload.checkpoint_initiates, ElementsAre(17, 8));
      EXPECT_THAT(workload.checkpoints, ElementsAre(9, 0)) << "the last at or before each";
    }
  }
}

TEST(PublishedWorkloads, MicroAllReduceWithWindowsLineEnds) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const Workload micro = read_workload_text(data / "evaluation/workload/microAllReduce.txt");
  ASSERT_EQ(micro.layers.size(), 1U);
  EXPECT_EQ(micro.groups[kModelGroup].npus, 1);
  EXPECT_EQ(micro.layers[0].at(TrainingPhase::kWeightGradient).bytes, 1048576);
  EXPECT_EQ(micro.layers[0].at(TrainingPhase::kWeightGradient).group, kDataGroup);
}

TEST(PublishedWorkloads, OfTheRelease) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const std::map<std::string, std::size_t> layers = {
      {"DLRM", 20}, {"GPT_3", 18}, {"MSFT_1T", 18}, {"ResNet_50", 54}, {"Turing_NLG", 18}};
  for (const auto& [name, count] : layers) {
    const Workload workload = read_workload_text(data / "libra_release/workload" / (name + ".txt"));
    EXPECT_EQ(workload.layers.size(), count) << name;
    EXPECT_EQ(workload.groups[kModelGroup].npus, 0) << name;
    EXPECT_TRUE(workload.checkpoints.empty());
  }
  const Workload dlrm = read_workload_text(data / "libra_release/workload/DLRM.txt");
  const LayerPhase& embedding = dlrm.layers[0].at(TrainingPhase::kForward);
  EXPECT_EQ(embedding.op, CommunicationOp::kAllToAll);
  EXPECT_EQ(embedding.bytes, 4194304);
  EXPECT_DOUBLE_EQ(embedding.compute_s, 419431e-9);
}

TEST(PublishedCommunicators, OfTheRelease) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  Workload gpt = read_workload_text(data / "libra_release/workload/GPT_3.txt");
  EXPECT_THAT(read_communicators(data / "libra_release/communicator/GPT_3_4d.yml", gpt),
              ElementsAre(ElementsAre(4, 4, 1, 1), ElementsAre(1, 2, 4, 32)));
  ASSERT_EQ(gpt.groups.size(), 2U);
  EXPECT_EQ(gpt.groups[kModelGroup].npus, 16);
  EXPECT_EQ(gpt.groups[kDataGroup].npus, 256);
  Workload resnet = read_workload_text(data / "libra_release/workload/ResNet_50.txt");
  EXPECT_THAT(read_communicators(data / "libra_release/communicator/ResNet_50_3d.yml", resnet),
              ElementsAre(ElementsAre(1, 1, 1), ElementsAre(16, 8, 32)));
  EXPECT_EQ(resnet.groups[kModelGroup].npus, 1);

  int read = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(data / "libra_release/communicator")) {
    Workload workload;
    workload.groups = {{"model", 0}, {"data", 0}};
    const auto shapes = read_communicators(entry.path(), workload);
    EXPECT_EQ(group_npus(shapes[kModelGroup]) * group_npus(shapes[kDataGroup]), 4096)
        << entry.path();
    ++read;
  }
  EXPECT_EQ(read, 8);
}

TEST(Communicators, ForwardAndInputGradientMayDiffer) {
  const TemporaryFolder folder;
  Workload workload = read_workload_text(
      folder.write("w.txt", "a -1 5 ALLREDUCE 8 5 ALLREDUCE 8 5 ALLREDUCE 8 10"));
  const auto shapes = read_communicators(
      folder.write("c.yml", "Forward: [4, -1]\nInputGrad: [-1, 2]\nWeightGrad: [1, 2]\n"),
      workload);
  EXPECT_THAT(shapes, ElementsAre(ElementsAre(4, 1), ElementsAre(1, 2), ElementsAre(1, 2)));
  const auto& layer = workload.layers[0];
  EXPECT_EQ(layer.at(TrainingPhase::kForward).group, kModelGroup);
  EXPECT_EQ(layer.at(TrainingPhase::kInputGradient).group, 2U);
  EXPECT_EQ(layer.at(TrainingPhase::kWeightGradient).group, kDataGroup);
  EXPECT_EQ(workload.groups[2].name, "input gradient");
  EXPECT_EQ(workload.groups[2].npus, 2);
}

TEST(WorkloadText, LineEndsBlankLinesAndCaseDoNotMatter) {
  const TemporaryFolder folder;
  const Workload workload = read_workload_text(
      folder.write("w.txt",
                   "\xEF\xBB\xBF\r\nHYBRID_TRANSFORMER\tmodel_parallel_NPU_group: 4\r\n\r\n 2 \r\n"
                   "a -1 5 AllReduce 8 0 none 0 5 allGather 9 0\r\n\r\n"
                   "b -1 5 ReduceScatter 8 0 NONE 0 5 allToAll 9 0"));
  ASSERT_EQ(workload.layers.size(), 2U);
  EXPECT_EQ(workload.layers[0].phases[0].op, CommunicationOp::kAllReduce);
  EXPECT_EQ(workload.layers[0].phases[1].op, std::nullopt);
  EXPECT_EQ(workload.layers[0].phases[2].op, CommunicationOp::kAllGather);
  EXPECT_EQ(workload.layers[1].phases[0].op, CommunicationOp::kReduceScatter);
  EXPECT_EQ(workload.layers[1].phases[2].op, CommunicationOp::kAllToAll);
}

TEST(WorkloadText, IsWrittenAsItWasRead) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const TemporaryFolder folder;
  for (const char* name : {"transformer_17B", "transformer_175B", "transformer_1T"}) {
    const Workload read =
        read_workload_text(data / "evaluation/workload" / (std::string(name) + ".txt"));
    const std::string text = write_workload_text(read);
    const Workload again = read_workload_text(folder.write(std::string(name) + ".txt", text));
    EXPECT_EQ(write_workload_text(again), text);
    EXPECT_EQ(again.groups[kModelGroup].npus, read.groups[kModelGroup].npus);
    std::map<int, int> checkpoints;
    for (std::size_t i = 0; i < again.checkpoints.size(); ++i) {
      checkpoints[again.checkpoint_initiates[i]] = again.checkpoints[i];
    }
    EXPECT_THAT(checkpoints, ElementsAre(Pair(8, 0), Pair(17, 9)));
    for (std::size_t l = 0; l < read.layers.size(); ++l) {
      EXPECT_EQ(again.layers[l].name, read.layers[l].name);
      for (std::size_t p = 0; p < kTrainingPhases; ++p) {
        const LayerPhase& before = read.layers[l].phases[p];
        const LayerPhase& after = again.layers[l].phases[p];
        EXPECT_EQ(after.compute_s, before.compute_s);
        EXPECT_EQ(after.group, before.group);
        // A group of one NPU has nothing to say.
        const bool alone = read.groups[before.group].npus == 1;
        EXPECT_EQ(after.bytes, alone ? 0 : before.bytes);
      }
    }
  }
}

/// A layer whose phases communicate in groups "tensor" of 8, "tensor" and "data" of 4; a third
/// group, "expert", has one NPU.
Workload generated() {
  Workload workload;
  workload.name = "generated";
  workload.groups = {{"tensor", 8}, {"expert", 1}, {"data", 4}};
  WorkloadLayer& layer = workload.layers.emplace_back();
  layer.name = "block";
  layer.phases[0] = {1.5004e-6, CommunicationOp::kAllReduce, 1e6, 0};
  layer.phases[1] = {2e-6, CommunicationOp::kAllToAll, 1e6, 1};
  layer.phases[2] = {3e-6, CommunicationOp::kReduceScatter, 2e6, 2};
  return workload;
}

TEST(WorkloadText, HasAPlaceForTwoGroups) {
  EXPECT_EQ(
      write_workload_text(generated()),
      "HYBRID_TRANSFORMER\tmodel_parallel_NPU_group: 8\n1\n"
      "block\t-1\t1500\tALLREDUCE\t1000000\t2000\tNONE\t0\t3000\tREDUCESCATTER\t2000000\t0\n");
  const auto message = [](const auto& change) {
    Workload workload = generated();
    change(workload);
    return refusal("", [&] { write_workload_text(workload); });
  };
  EXPECT_EQ(message([](Workload& w) { w.groups[1].npus = 2; }),
            "workload \"generated\" cannot be written as text: forward and input gradient "
            "communicate in groups \"tensor\" and \"expert\"; the form has one group for them");
  EXPECT_EQ(message([](Workload& w) { w.layers[0].phases[1].group = 2; }),
            "workload \"generated\" cannot be written as text: forward and input gradient "
            "communicate in groups \"tensor\" and \"data\"; the form has one group for them");
  EXPECT_EQ(message([](Workload& w) { w.layers[0].phases[2].group = 0; }),
            "workload \"generated\" cannot be written as text: group \"tensor\" communicates in "
            "all phases; the form has one group for weight gradients and another for the rest");
  EXPECT_EQ(message([](Workload& w) { w.layers[0].phases[1].op.reset(), w.groups[1].npus = 2; }),
            "workload \"generated\" cannot be written as text: the form has a place for groups "
            "\"tensor\" and \"data\", none for \"expert\"");
  EXPECT_EQ(message([](Workload& w) { w.layers[0].phases[0].op = CommunicationOp::kSendRecv; }),
            "workload \"generated\" cannot be written as text: layer \"block\" has a send_recv, "
            "for which there is no word");
  EXPECT_EQ(message([](Workload& w) { w.layers[0].name = "a block"; }),
            "workload \"generated\" cannot be written as text: layer \"a block\" has a name with "
            "blanks or none");
  EXPECT_EQ(message([](Workload& w) { w.groups[0].npus = 0; }),
            "workload \"generated\" cannot be written as text: group \"tensor\" does not say how "
            "many NPUs it has");
}

}  // namespace
}  // namespace sextant
