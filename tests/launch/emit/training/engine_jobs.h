#pragma once

// Jobs of Llama-3-8B (35 layers: embedding, 32 blocks, norm, head) on two GPU types and two zones,
// and what is done with the folders that engines get.

#include <string>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/model/zoo.h"
#include "launch/emit/training/launch_target.h"
#include "launch/emit/training/node_layout.h"
#include "tests/cli/run_program.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {

struct StageOf {
  int layers;
  std::string gpu = "A100-40";
  std::string zone = "hall";
};

inline std::vector<GpuPool> test_pools() {
  std::vector<GpuPool> pools;
  for (const auto& [gpu, zone] : std::vector<std::pair<std::string, std::string>>{
           {"A100-40", "hall"}, {"V100-16", "hall"}, {"A100-40", "far"}}) {
    GpuPool& pool = pools.emplace_back();
    pool.gpu = gpu;
    pool.zone = zone;
    pool.count = 32;
    pool.gpus_per_node = 4;
  }
  return pools;
}

/// One pipeline; batch 16, microbatches of 1.
inline Plan engine_plan(const std::vector<StageOf>& stages, int replicas, int tp) {
  Plan plan;
  plan.model = "Llama-3-8B";
  plan.global_batch = 16;
  plan.microbatch = 1;
  Pipeline& pipeline = plan.pipelines.emplace_back();
  for (const StageOf& of : stages) {
    Stage& stage = pipeline.stages.emplace_back();
    stage.chunks = {{plan.layer_count, plan.layer_count + of.layers}};
    stage.replicas.assign(static_cast<std::size_t>(replicas),
                          Replica{{{of.gpu, of.zone, -1, tp}}, tp, 0});
    plan.layer_count += of.layers;
  }
  return plan;
}

inline Plan uniform_plan() {
  return engine_plan({{17}, {18}}, 2, 2);
}
inline Plan uneven_plan() {
  return engine_plan({{14}, {21}}, 2, 2);
}
inline Plan two_types_plan() {
  return engine_plan({{10, "V100-16"}, {25, "A100-40"}}, 2, 2);
}
/// Both stages in both zones.
inline Plan geo_plan() {
  Plan plan = uniform_plan();
  for (Stage& stage : plan.pipelines.front().stages) {
    stage.replicas.back().machines.front().zone = "far";
  }
  return plan;
}

inline LaunchJob engine_job(Plan plan, DataType dtype = DataType::kBf16) {
  LaunchJob job;
  job.model = zoo_model("Llama-3-8B");
  job.job.model = job.model.name;
  job.job.seq_len = job.model.seq_len;
  job.job.global_batch = plan.global_batch;
  job.job.dtype = dtype;
  job.nodes = node_layout(plan, test_pools());
  job.plan = std::move(plan);
  RecordedPrediction& prediction = job.prediction.emplace();
  prediction.estimator = "sextant";
  prediction.iteration_s = 2;
  return job;
}

inline LaunchOptions engine_options() {
  LaunchOptions options;
  options.engine_path = "/opt/engine";
  options.hosts = {{"A100-40@hall/0", "a0"}, {"A100-40@hall/1", "a1"}};
  return options;
}

inline JobFolder folder_of(const LaunchTarget& target, const LaunchJob& job,
                           const LaunchOptions& options = engine_options()) {
  EXPECT_THAT(target.obstacles(job), ::testing::IsEmpty());
  JobFolder folder;
  target.put(job, options, folder);
  return folder;
}

/// Writes the folder and holds every script against bash and shellcheck, of whose remarks that on
/// dollar signs in single quotes (SC2016) is what hostile names ask for.
inline void check_scripts(const JobFolder& folder, const TemporaryFolder& at) {
  write_job_folder(folder, at.path() / "job", "plan.json", false);
  for (const auto& [path, text] : folder.files) {
    if (!path.ends_with(".sh")) continue;
    const std::string file = (at.path() / "job" / path).string();
    const ProgramResult syntax = run_program({"bash", "-n", file});
    EXPECT_EQ(syntax.exit_code, 0) << path << ": " << syntax.err;
    const ProgramResult lint = run_program({"shellcheck", "--exclude", "SC2016", file});
    EXPECT_EQ(lint.exit_code, 0) << path << ": " << lint.out;
  }
}

/// Flags that a script gives an engine: words of its array of arguments that begin with --.
inline std::vector<std::string> flags_of(const std::string& script) {
  std::vector<std::string> flags;
  const std::size_t begin = script.find("arguments=(\n");
  const std::size_t end = script.find("\n)\n", begin);
  for (std::size_t at = begin; at < end;) {
    at = script.find("\n  --", at);
    if (at == std::string::npos || at > end) break;
    at += 3;
    flags.push_back(script.substr(at, script.find_first_of(" \n", at) - at));
  }
  return flags;
}

/// Obstacles in one text, to look into.
inline std::string obstacles_of(const LaunchTarget& target, const LaunchJob& job) {
  std::string text;
  for (const std::string& obstacle : target.obstacles(job)) text += obstacle + "\n";
  return text;
}

/// A program that prints its name and each argument in angle brackets, at the front of PATH.
inline std::pair<std::string, std::string> path_with(const TemporaryFolder& at,
                                                     const std::string& program) {
  const auto file =
      at.write("bin/" + program,
               "#!/bin/sh\nprintf '%s' \"${0##*/}\"; printf ' <%s>' \"$@\"; printf '\\n'\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_all);
  return {"PATH", file.parent_path().string() + ":" + std::getenv("PATH")};
}

constexpr const char* kHostile = "x'; touch /tmp/owned; $(id) `id` \"<script>\" \\ \n--evil";

}  // namespace sextant::testing
