#include "analyzer/training/plan_origin.h"

#include "analyzer/core/error.h"
#include "analyzer/model/model_document.h"
#include "analyzer/model/zoo.h"

namespace sextant {

namespace {

constexpr int kMinor = 1;
constexpr int kLongestSequence = 1 << 24;  // tokens
constexpr int kMostGpus = 1'000'000;

std::string_view optimizer_name(Optimizer optimizer) {
  return optimizer == Optimizer::kAdam ? "adam" : "sgd";
}

GpuPool read_pool(const JsonNode& node, bool lenient) {
  expect_known(node, lenient, {"gpu", "zone", "count", "gpus_per_node"});
  GpuPool pool;
  pool.gpu = node.at("gpu").name();
  pool.zone = node.at("zone").name();
  pool.count = static_cast<int>(node.at("count").integer(0, kMostGpus));
  pool.gpus_per_node = static_cast<int>(node.at("gpus_per_node").integer(1, kMostGpus));
  return pool;
}

}  // namespace

bool in_zoo(const ModelDescription& model, const std::string& name) {
  try {
    return to_json(zoo_model(name)) == to_json(model);
  } catch (const Error&) {
    return false;
  }
}

void put_origin(const Job& job, const std::optional<ModelDescription>& model,
                const Cluster& cluster, OrderedJson& plan_document) {
  const int seq_len = job.seq_len > 0 ? job.seq_len : model ? model->seq_len : 0;
  if (seq_len == 0) return;
  plan_document["schema"] = schema_id("plan", 1, kMinor);
  OrderedJson& of_job = plan_document["job"];
  of_job = {{"seq_len", seq_len},
            {"optimizer", optimizer_name(job.optimizer)},
            {"dtype", to_string(job.dtype)},
            {"framework", job.framework}};
  if (model && !in_zoo(*model, job.model)) of_job["model"] = to_json(*model);
  OrderedJson pools = OrderedJson::array();
  for (const GpuPool& pool : cluster.pools) {
    pools.push_back({{"gpu", pool.gpu},
                     {"zone", pool.zone},
                     {"count", pool.count},
                     {"gpus_per_node", pool.gpus_per_node}});
  }
  plan_document["cluster"] = {{"name", cluster.name}, {"pools", std::move(pools)}};
}

std::optional<PlanOrigin> read_origin(const JsonNode& plan_document) {
  const auto job = plan_document.find("job");
  const auto cluster = plan_document.find("cluster");
  if (!job && !cluster) return std::nullopt;
  const bool lenient = has_newer_minor(plan_document, kMinor);
  PlanOrigin origin;
  origin.job.source = plan_document.file();
  origin.job.model = plan_document.at("model").name();
  origin.job.global_batch = plan_document.at("global_batch").count();
  const JsonNode of_job = plan_document.at("job");
  expect_known(of_job, lenient, {"seq_len", "optimizer", "dtype", "framework", "model"});
  origin.job.seq_len = static_cast<int>(of_job.at("seq_len").integer(1, kLongestSequence));
  constexpr Optimizer kOptimizers[] = {Optimizer::kAdam, Optimizer::kSgd};
  origin.job.optimizer = kOptimizers[of_job.at("optimizer").one_of({"adam", "sgd"})];
  const JsonNode dtype = of_job.at("dtype");
  try {
    origin.job.dtype = data_type_from(dtype.name());
  } catch (const Error& error) {
    dtype.fail(error.message());
  }
  origin.job.framework = of_job.at("framework").name();
  if (const auto model = of_job.find("model")) origin.model = model_from_json(*model);
  const JsonNode of_cluster = plan_document.at("cluster");
  expect_known(of_cluster, lenient, {"name", "pools"});
  origin.cluster = of_cluster.at("name").string();
  for (const JsonNode& pool : of_cluster.at("pools").elements()) {
    origin.pools.push_back(read_pool(pool, lenient));
  }
  return origin;
}

std::optional<RecordedPrediction> read_prediction(const JsonNode& plan_document) {
  const auto node = plan_document.find("prediction");
  if (!node) return std::nullopt;
  RecordedPrediction prediction;
  prediction.estimator = node->at("estimator").name();
  prediction.evidence = read_evidence(node->at("evidence"));
  prediction.iteration_s = node->at("iteration_s").positive();
  if (const auto usd = node->find("usd_per_iter")) prediction.usd_per_iter = usd->non_negative();
  if (const auto tokens = node->find("tokens_per_s")) prediction.tokens_per_s = tokens->positive();
  if (const auto bytes = node->find("peak_memory_bytes")) {
    prediction.peak_memory_bytes = bytes->non_negative();
    prediction.memory_bound_bytes = node->at("memory_bound_bytes").non_negative();
  }
  prediction.interval.median_s = prediction.iteration_s;
  if (const auto interval = node->find("interval_s")) {
    prediction.interval.low_s = interval->at("low").positive();
    prediction.interval.high_s = interval->at("high").positive();
    prediction.interval.has_spread = true;
  }
  return prediction;
}

}  // namespace sextant
