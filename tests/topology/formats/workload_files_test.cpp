#include "analyzer/topology/formats/workload_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"
#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;

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

}  // namespace
}  // namespace sextant
