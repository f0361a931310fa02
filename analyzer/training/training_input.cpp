#include "analyzer/training/training_input.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/roofline.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/shipped_gpus.h"

namespace sextant {

namespace {

/// Microbatch sizes that an estimate covers; a measured profile brings its own.
const std::vector<int> kEstimatedMicrobatches = {1, 2, 4, 8, 16, 32};

std::vector<std::string> gpu_types(const Cluster& cluster) {
  std::set<std::string> types;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.count > 0) types.insert(pool.gpu);
  }
  return {types.begin(), types.end()};
}

int largest_node(const Cluster& cluster, const std::string& gpu) {
  int largest = 1;
  for (const GpuPool& pool : cluster.pools) {
    if (pool.gpu == gpu) largest = std::max(largest, pool.gpus_per_node);
  }
  return largest;
}

/// Adds the points of another GPU type.
void add(ModelProfile& profile, ModelProfile other) {
  if (profile.points.empty()) {
    profile = std::move(other);
    return;
  }
  if (profile.layer_count != other.layer_count ||
      profile.update_is_whole_step != other.update_is_whole_step) {
    throw_bad_input(
        fmt::format("profiles of {}: {} has {} layers, {} has {}; they must be of one model",
                    quote(profile.model), profile.points.begin()->first.gpu, profile.layer_count,
                    other.points.begin()->first.gpu, other.layer_count));
  }
  profile.points.merge(other.points);
  for (const auto& [tp, memory] : other.memory) profile.memory.emplace(tp, memory);
  profile.notes.insert(profile.notes.end(), other.notes.begin(), other.notes.end());
}

ModelProfile estimate(const TrainingInput& input, const std::string& gpu) {
  const GpuSpec spec = gpu_named(gpu);
  RooflineOptions options;
  options.tensor_degrees = legal_tensor_degrees(*input.model, largest_node(input.cluster, gpu));
  options.microbatches = kEstimatedMicrobatches;
  options.dtype = input.job.dtype;
  options.seq_len = input.job.seq_len;
  if (const auto link = input.cluster.network->inside_node(gpu, spec.gpus_per_node)) {
    options.link_bytes_per_s = link->peak_bytes_per_s();
    options.link_latency_s = link->latency_s();
  }
  return estimate_profile(*input.model, spec, options);
}

/// A variant name that the database has for the job, or "" where it has none.
std::string variant_of(const TrainingInputOptions& options, const Job& job) {
  return options.variant.empty() ? std::string(to_string(job.dtype)) : options.variant;
}

void load_profiles(const TrainingInputOptions& options, TrainingInput& input) {
  const std::filesystem::path database =
      options.profile_db.empty() ? data_directory() / "measured" : options.profile_db;
  const std::vector<std::string> measured = database_gpus(database, input.model->name);
  std::vector<std::string> estimated;
  for (const std::string& gpu : gpu_types(input.cluster)) {
    if (std::find(measured.begin(), measured.end(), gpu) != measured.end()) {
      add(input.profile,
          load_profile(database, input.model->name, {gpu}, variant_of(options, input.job)));
    } else {
      add(input.profile, estimate(input, gpu));
      estimated.push_back(gpu);
    }
  }
  if (!estimated.empty()) {
    input.notes.push_back(
        fmt::format("nobody measured {} on {}: its times are roofline estimates from data sheets",
                    input.model->name, fmt::join(estimated, ", ")));
  }
}

}  // namespace

TrainingInput load_training_input(const TrainingInputOptions& options) {
  TrainingInput input;
  input.job = read_job(options.job.string());
  input.cluster = read_cluster(options.cluster, shipped_gpu);
  if (input.cluster.gpu_count() < 1) {
    throw_infeasible(fmt::format("cluster {} has no GPUs", quote(input.cluster.name)));
  }
  if (!options.artifact.empty()) {
    input.profile =
        read_sailor_simulator_profile(options.artifact, input.job.model, gpu_types(input.cluster));
    input.model = input.job.described;
  } else {
    input.model = input.job.described ? *input.job.described
                                      : model_named(input.job.model, options.job.parent_path());
    if (input.job.seq_len == 0) input.job.seq_len = input.model->seq_len;
    load_profiles(options, input);
  }
  input.evidence = input.profile.evidence(gpu_types(input.cluster));
  for (const auto* notes : {&input.cluster.notes, &input.profile.notes}) {
    input.notes.insert(input.notes.end(), notes->begin(), notes->end());
  }
  return input;
}

}  // namespace sextant
