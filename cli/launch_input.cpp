#include "cli/launch_input.h"

#include <fmt/format.h>

#include "analyzer/cluster/cluster_document.h"
#include "analyzer/core/error.h"
#include "analyzer/model/model_document.h"
#include "analyzer/model/zoo.h"
#include "analyzer/training/plan_origin.h"
#include "analyzer/training/shipped_gpus.h"
#include "cli/plan_output.h"
#include "launch/emit/training/node_layout.h"

namespace sextant::cli {

namespace {

struct NamedJob {
  Job job;
  ModelDescription model;
};

NamedJob read_named_job(const std::filesystem::path& path) {
  NamedJob out;
  out.job = read_job(path.string());
  out.model =
      out.job.described ? *out.job.described : model_named(out.job.model, path.parent_path());
  // A file is only where the model is described: plans and runs know the model's name.
  if (out.job.model.ends_with(".json")) out.job.model = out.model.name;
  if (out.job.seq_len == 0) out.job.seq_len = out.model.seq_len;
  return out;
}

[[noreturn]] void differ(const std::string& file, const std::string& what,
                         const std::string& expected, const std::string& found) {
  throw_bad_input(fmt::format("{}: {}: expected {}, as the plan has it, found {}", file, what,
                              expected, found));
}

/// The plan's job and the user's must be one.
void check_same_job(const PlanOrigin& origin, const NamedJob& named) {
  const std::string& file = named.job.source;
  if (origin.job.seq_len != named.job.seq_len) {
    differ(file, "sequence length", std::to_string(origin.job.seq_len),
           std::to_string(named.job.seq_len));
  }
  if (origin.job.dtype != named.job.dtype) {
    differ(file, "dtype", std::string(to_string(origin.job.dtype)),
           std::string(to_string(named.job.dtype)));
  }
  if (origin.job.optimizer != named.job.optimizer) {
    const auto name = [](Optimizer optimizer) {
      return optimizer == Optimizer::kAdam ? "adam" : "sgd";
    };
    differ(file, "optimizer", name(origin.job.optimizer), name(named.job.optimizer));
  }
}

/// What ran when the plan was made must still be there; prices may change.
void check_same_cluster(const PlanOrigin& origin, const Cluster& cluster, const std::string& file) {
  for (const GpuPool& pool : origin.pools) {
    const std::string name = fmt::format("pool {}", quote(pool.gpu + "@" + pool.zone));
    const GpuPool* const now = cluster.find(pool.gpu, pool.zone);
    if (now == nullptr) {
      differ(file, name, fmt::format("{} GPUs", pool.count), "no such pool; plan again");
    }
    if (now->count != pool.count) {
      differ(file, name, fmt::format("{} GPUs", pool.count),
             fmt::format("{}; plan again", now->count));
    }
    if (now->gpus_per_node != pool.gpus_per_node) {
      differ(file, name, fmt::format("{} GPUs a node", pool.gpus_per_node),
             fmt::format("{}; plan again", now->gpus_per_node));
    }
  }
}

void check_suits(const std::string& file, const Plan& plan, const NamedJob& named) {
  const auto expect = [&](bool equal, std::string_view what, const auto& wanted,
                          const auto& found) {
    if (equal) return;
    throw_bad_input(
        fmt::format("{}: {}: expected {}, as the job has it, found {}", file, what, wanted, found));
  };
  expect(plan.model == named.job.model || plan.model == named.model.name, "model",
         quote(named.model.name), quote(plan.model));
  const auto layers = static_cast<int>(layer_sequence(named.model).size());
  expect(plan.layer_count == layers, "layer_count", layers, plan.layer_count);
  expect(plan.global_batch == named.job.global_batch, "global_batch", named.job.global_batch,
         plan.global_batch);
}

[[noreturn]] void fail_without_origin(const std::filesystem::path& plan) {
  throw_usage(fmt::format(
      "{} does not say for which job and GPUs it was made (it is older than sextant/plan/1.1, or "
      "in another form): add --cluster and --job",
      plan.string()));
}

struct ReadPlan {
  Plan plan;
  std::optional<PlanOrigin> origin;
  std::optional<RecordedPrediction> prediction;
  OrderedJson document;
};

/// Our document: members that are not the plan's own stay as they are.
ReadPlan read_document(const JsonDocument& file) {
  const JsonNode root = file.root_of_kind("plan", 1);
  ReadPlan out{plan_from_json(root), read_origin(root), read_prediction(root), {}};
  out.document = to_json(out.plan);
  out.document["schema"] = root.at("schema").string();
  for (const char* member : {"job", "cluster", "prediction"}) {
    if (root.has(member)) out.document[member] = root.raw().at(member);
  }
  return out;
}

ReadPlan read_plan(const JsonDocument& file, const std::optional<NamedJob>& named) {
  const JsonNode root = file.root();
  if (!root.is_object()) root.fail("a plan");
  if (root.has("schema")) return read_document(file);
  if (!root.has("mbs")) {
    root.fail("a plan: \"schema\": \"sextant/plan/1.1\", or the artifact's \"mbs\"");
  }
  if (!named) fail_without_origin(file.file());
  const auto layers = static_cast<int>(layer_sequence(named->model).size());
  ReadPlan out{
      plan_from_artifact_json(root, named->job.model, layers, named->job.global_batch), {}, {}, {}};
  out.document = to_json(out.plan);
  return out;
}

}  // namespace

LaunchJob read_launch_job(const std::filesystem::path& plan, const TrainingInputOptions& options) {
  std::optional<NamedJob> named;
  if (!options.job.empty()) named = read_named_job(options.job);
  const JsonDocument file = JsonDocument::read(plan);
  ReadPlan read = read_plan(file, named);
  std::vector<GpuPool> pools;
  std::string pools_file = plan.string();
  if (!options.cluster.empty()) {
    const Cluster cluster = read_cluster(options.cluster, shipped_gpu);
    pools_file = options.cluster.string();
    if (read.origin) check_same_cluster(*read.origin, cluster, pools_file);
    if (!read.origin && named) put_origin(named->job, named->model, cluster, read.document);
    pools = cluster.pools;
  } else if (read.origin) {
    pools = read.origin->pools;
  }
  if (named && read.origin) check_same_job(*read.origin, *named);
  if (!named && read.origin) {
    named = NamedJob{read.origin->job,
                     read.origin->model ? *read.origin->model : zoo_model(read.plan.model)};
  }
  if (!named || pools.empty()) fail_without_origin(plan);
  check_suits(plan.string(), read.plan, *named);

  LaunchJob job;
  job.plan = std::move(read.plan);
  job.job = named->job;
  job.model = named->model;
  try {
    job.nodes = node_layout(job.plan, pools);
  } catch (Error& error) {
    throw std::move(error.in(pools_file));
  }
  job.prediction = std::move(read.prediction);
  job.plan_document = std::move(read.document);
  if (!in_zoo(job.model, job.job.model)) job.model_document = to_json(job.model);
  return job;
}

void replace_plan(LaunchJob& job, const TrainingInput& input, const Estimator& estimator,
                  const Plan& plan, const Prediction& prediction) {
  job.plan = plan;
  job.nodes = node_layout(plan, input.cluster.pools);
  job.plan_document = plan_document({input, plan, prediction, estimator.name()}, "launch");
  const JsonDocument document = JsonDocument::parse(json_text(job.plan_document), "plan");
  job.prediction = read_prediction(document.root());
}

std::vector<std::string> predict(LaunchJob& job, const TrainingInput& input,
                                 const Estimator& estimator) {
  try {
    const Plan plan = job.plan;
    const Prediction prediction = estimator.predict(input.problem(), plan);
    replace_plan(job, input, estimator, plan, prediction);
    if (prediction.fits) return {};
    return {"it is predicted not to fit: " + prediction.memory_note};
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kBadInput) throw;
    return {fmt::format("nothing is predicted of it: {}", error.what())};
  }
}

}  // namespace sextant::cli
