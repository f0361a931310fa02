#pragma once

// Training problems of any size on roofline profiles, so that they need nobody's measurements.

#include <string>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::exhaustive {

struct LargeProblem {
  TrainingProblem problem() const {
    TrainingProblem out{job, profile, cluster};
    out.model = &model;
    return out;
  }

  Job job;
  ModelDescription model;
  ModelProfile profile;
  Cluster cluster;
};

/// So many GPUs of each type in each zone, four a node, at the data sheets' prices: 25 GB/s from
/// node to node, 2.5 GB/s and 0.01 USD per GB from zone to zone. `zoo_model` is trained in fp32 on
/// batches of 1024.
LargeProblem large_problem(const std::string& zoo_model, const std::vector<GpuCount>& gpus);

/// So many GPUs in all, by whole nodes of four and as evenly as they go: the first `types` of
/// A100-40, V100-16, H100-80 and A100-80 in each of `zones` zones.
std::vector<GpuCount> even_gpus(int gpus, int types, int zones);

}  // namespace sextant::exhaustive
