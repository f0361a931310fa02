// What holds of estimator sextant for any plan: random plans over two GPU types.
#include <algorithm>
#include <map>
#include <memory>

#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "tests/training/sextant_problem.h"

namespace sextant {
namespace {

/// A random plan over two GPU types, and the problem it is of.
struct RandomCase {
  SextantProblem problem;
  Plan plan;
  explicit RandomCase(Random& random) {
    problem.measure("B", 1 + random.uniform(), {1, 2});
    problem.add("B", "here", 64, 80e9);
    const char* frameworks[] = {"sextant", "deepspeed", "sailor", "megatron", "megatron-overlap"};
    problem.job.framework = frameworks[random.below(5)];
    const int stages = 1 << random.below(3);
    const int replicas = 1 + static_cast<int>(random.below(4));
    plan = plan_of(stages, replicas);
    plan.schedule = random.below(2) == 0 ? ScheduleKind::kGPipe : ScheduleKind::kOneFOneB;
    plan.zero_stage = static_cast<int>(random.below(3));
    for (Stage& stage : plan.pipelines[0].stages) {
      for (Replica& replica : stage.replicas) {
        if (random.below(2) == 0) replica.machines[0].gpu = "B";
        replica.share = 1 + static_cast<int>(random.below(4));
      }
    }
    // A replica's share is that of its chain.
    for (Stage& stage : plan.pipelines[0].stages) {
      for (std::size_t r = 0; r < stage.replicas.size(); ++r) {
        stage.replicas[r].share = plan.pipelines[0].stages[0].replicas[r].share;
      }
    }
  }
};

class FasterNetwork : public Network {
 public:
  explicit FasterNetwork(double bytes_per_s) : bytes_per_s_(bytes_per_s) {}
  LinkModel between(const LinkEnd&, const LinkEnd&) const override {
    return LinkModel::latency_bandwidth(0, bytes_per_s_);
  }
  std::string describe() const override { return "even"; }

 private:
  double bytes_per_s_;
};

TEST(SextantProperties, IsMonotoneAndDoesNotCareForTheOrderOfReplicas) {
  Random random(30);
  for (int i = 0; i < 500; ++i) {
    RandomCase one(random);
    const double time_s = predict(one.problem, one.plan).iteration_s;
    RandomCase other = one;
    other.problem.cluster.network = std::make_shared<FasterNetwork>(2e9);
    ASSERT_LE(predict(other.problem, one.plan).iteration_s, time_s * (1 + 1e-12));
    other = one;
    for (auto& [key, point] : other.problem.profile.points) {
      for (LayerTime& time : point.layers) time.backward_s *= 0.9;
    }
    ASSERT_LE(predict(other.problem, one.plan).iteration_s, time_s * (1 + 1e-12));
    Plan more = one.plan;
    for (Stage& stage : more.pipelines[0].stages) ++stage.replicas[0].share;
    ASSERT_GE(predict(one.problem, more).iteration_s, time_s * (1 - 1e-12));
    // Where each replica has its node, since neighbours would change with the order.
    other = one;
    for (GpuPool& pool : other.problem.cluster.pools) pool.gpus_per_node = 1;
    Plan turned = one.plan;
    for (Stage& stage : turned.pipelines[0].stages) {
      std::rotate(stage.replicas.begin(), stage.replicas.begin() + 1, stage.replicas.end());
    }
    const double apart_s = predict(other.problem, one.plan).iteration_s;
    ASSERT_NEAR(predict(other.problem, turned).iteration_s, apart_s, 1e-9 * apart_s);
  }
}

TEST(SextantProperties, TimelinesEndWithTheIterationAndReturnTheirMemory) {
  Random random(31);
  for (int i = 0; i < 100; ++i) {
    const RandomCase one(random);
    const TrainingProblem problem = one.problem.problem();
    const auto timeline = sextant_estimator().timeline(problem, one.plan);
    ASSERT_TRUE(timeline);
    const Prediction prediction = sextant_estimator().predict(problem, one.plan);
    ASSERT_NEAR(timeline->end_s, prediction.iteration_s, 1e-9 * prediction.iteration_s);
    std::map<int, std::pair<double, double>> first_and_last;
    double peak = 0;
    for (const MemoryStep& step : timeline->memory) {
      first_and_last.try_emplace(step.track, step.bytes, 0).first->second.second = step.bytes;
      peak = std::max(peak, step.bytes);
    }
    for (const auto& [track, bytes] : first_and_last) {
      ASSERT_NEAR(bytes.first, bytes.second, 1) << "what a forward keeps its backward frees";
    }
    ASSERT_NEAR(peak, prediction.peak_memory_bytes, 1e-6 * peak);
  }
}

}  // namespace
}  // namespace sextant
