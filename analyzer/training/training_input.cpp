#include "analyzer/training/training_input.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/cluster/no_gpus.h"
#include "analyzer/cluster/prices.h"
#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/profile_check.h"
#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/roofline.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/training/framework.h"
#include "analyzer/training/published_tables.h"
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
  const std::string& here = profile.points.begin()->first.gpu;
  const std::string& there = other.points.begin()->first.gpu;
  if (profile.layer_count != other.layer_count) {
    throw_bad_input(
        fmt::format("profiles of {}: {} has {} layers, {} has {}; they must be of one model",
                    quote(profile.model), here, profile.layer_count, there, other.layer_count));
  }
  if (profile.update_is_whole_step != other.update_is_whole_step) {
    throw_bad_input(fmt::format(
        "profiles of {}: the optimizer step of {} is per layer, that of {} one of the whole model; "
        "choose profiles of one kind with --variant",
        quote(profile.model), profile.update_is_whole_step ? there : here,
        profile.update_is_whole_step ? here : there));
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

/// Where profiles are looked for; refuses options that would not be heeded.
std::filesystem::path database_of(const TrainingInputOptions& options) {
  if (options.profile_db.empty()) return data_directory() / "measured";
  if (!std::filesystem::is_directory(options.profile_db)) {
    throw_bad_input(options.profile_db.string() + ": expected the directory of a profile database");
  }
  return options.profile_db;
}

[[noreturn]] void fail_data_type(const TrainingInput& input, const std::vector<std::string>& gpus) {
  std::vector<std::string> abilities;
  for (const std::string& gpu : gpus) {
    std::vector<std::string_view> types;
    for (const auto& [type, peak] : gpu_named(gpu).peak_flops) types.push_back(to_string(type));
    abilities.push_back(fmt::format("{} ({})", gpu, fmt::join(types, ", ")));
  }
  throw_bad_input(fmt::format("{}: no GPU type of cluster {} computes in {}; there are {}",
                              input.job.source, quote(input.cluster.name),
                              to_string(input.job.dtype), fmt::join(abilities, ", ")));
}

/// Times that cannot be are in another unit than seconds; no plan may rest on them.
void refuse_implausible(const std::filesystem::path& file) {
  const ProfileDatabase database = read_database(file);
  for (const Finding& finding : check_database(database, largest_plausible_flops(database.gpu))) {
    if (finding.severity == Finding::Severity::kError) {
      throw_bad_input(fmt::format("{}: {}: {}", file.string(), finding.place, finding.text));
    }
  }
}

/// A variant name that the database has for the job, or "" where it has none.
std::string variant_of(const TrainingInputOptions& options, const Job& job) {
  return options.variant.empty() ? std::string(to_string(job.dtype)) : options.variant;
}

void load_profiles(const TrainingInputOptions& options, TrainingInput& input) {
  const std::filesystem::path database = database_of(options);
  const std::vector<std::string> measured = database_gpus(database, input.model->name);
  std::vector<std::string> estimated;
  std::vector<std::string> unable;
  for (const std::string& gpu : gpu_types(input.cluster)) {
    if (std::find(measured.begin(), measured.end(), gpu) != measured.end()) {
      refuse_implausible(database_path(database, input.model->name, gpu));
      add(input.profile, load_profile(database, input.model->name, {gpu},
                                      variant_of(options, input.job), input.job.seq_len));
    } else if (const auto spec = find_gpu(gpu); !spec) {
      throw_bad_input(fmt::format(
          "{}: no profile of {} on {}, and no data sheet to estimate one from; measured are {}",
          database.string(), quote(input.model->name), quote(gpu),
          measured.empty() ? "none" : fmt::format("{}", fmt::join(measured, ", "))));
    } else if (!spec->peak_flops.contains(input.job.dtype)) {
      unable.push_back(gpu);
    } else {
      add(input.profile, estimate(input, gpu));
      estimated.push_back(gpu);
    }
  }
  if (input.profile.points.empty()) fail_data_type(input, unable);
  if (!options.variant.empty() && !estimated.empty()) {
    throw_bad_input(fmt::format("{}: no profile of {} on {}, so none of variant {}",
                                database.string(), quote(input.model->name),
                                fmt::join(estimated, ", "), quote(options.variant)));
  }
  if (!estimated.empty()) {
    input.notes.push_back(
        fmt::format("nobody measured {} on {}: its times are roofline estimates from data sheets",
                    input.model->name, fmt::join(estimated, ", ")));
  }
  if (!unable.empty()) {
    std::erase_if(input.cluster.pools, [&](const GpuPool& pool) {
      return std::find(unable.begin(), unable.end(), pool.gpu) != unable.end();
    });
    input.notes.push_back(fmt::format("{} left out: it does not compute in {}",
                                      fmt::join(unable, ", "), to_string(input.job.dtype)));
  }
}

/// Says which pools no plan can join, and whose nodes.
void note_missing_links(TrainingInput& input) {
  std::vector<std::string> missing;
  const std::vector<GpuPool>& pools = input.cluster.pools;
  for (std::size_t i = 0; i < pools.size(); ++i) {
    for (std::size_t j = i; j < pools.size(); ++j) {
      const GpuPool& from = pools[i];
      const GpuPool& to = pools[j];
      const bool joins = i == j ? from.node_count() > 1 : from.count > 0 && to.count > 0;
      if (!joins || input.cluster.network->find({from.zone, from.gpu, 1}, {to.zone, to.gpu, 1})) {
        continue;
      }
      missing.push_back(
          i == j ? fmt::format("between nodes of {}@{}", from.gpu, from.zone)
                 : fmt::format("from {}@{} to {}@{}", from.gpu, from.zone, to.gpu, to.zone));
    }
  }
  if (missing.empty()) return;
  input.notes.push_back(fmt::format("the cluster's network has no link {}: no plan crosses there",
                                    fmt::join(missing, ", ")));
}

const Framework& framework_of(const Job& job) {
  try {
    return framework_named(job.framework);
  } catch (Error& error) {
    throw error.in(job.source + ": /framework");
  }
}

}  // namespace

TrainingInput load_training_input(const TrainingInputOptions& options) {
  if (!options.artifact.empty() && !(options.profile_db.empty() && options.variant.empty())) {
    throw_usage("an artifact brings its own profiles; leave out the database and the variant");
  }
  if (options.spot && options.prices.empty()) {
    throw_usage("spot prices stand in a price list: add --prices FILE to --spot");
  }
  TrainingInput input;
  input.job = read_job(options.job.string());
  const Framework& framework = framework_of(input.job);
  if (options.calibration.empty()) {
    input.calibration.process_bytes = framework.process_bytes;
  } else {
    input.calibration = read_calibration(options.calibration);
  }
  input.cluster = read_cluster(options.cluster, shipped_gpu);
  if (input.cluster.gpu_count() < 1) throw_infeasible(why_no_gpus(input.cluster));
  if (!options.prices.empty()) {
    apply_prices(read_prices(options.prices, shipped_gpu),
                 options.spot ? Tariff::kSpot : Tariff::kOnDemand, input.cluster);
  }
  if (!options.artifact.empty()) {
    input.profile =
        read_sailor_simulator_profile(options.artifact, input.job.model, gpu_types(input.cluster));
    input.model = input.job.described;
    input.published_tables = published_tables_of(options.artifact);
  } else {
    input.model = input.job.described ? *input.job.described
                                      : model_named(input.job.model, options.job.parent_path());
    // A file is only where the model is described: plans and runs know the model's name.
    if (input.job.model.ends_with(".json")) input.job.model = input.model->name;
    if (input.job.seq_len == 0) input.job.seq_len = input.model->seq_len;
    load_profiles(options, input);
  }
  input.evidence = input.profile.evidence(gpu_types(input.cluster));
  for (const auto* notes : {&input.cluster.notes, &input.profile.notes}) {
    input.notes.insert(input.notes.end(), notes->begin(), notes->end());
  }
  note_missing_links(input);
  return input;
}

}  // namespace sextant
