#include "analyzer/measured/measured_run.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/provenance.h"

namespace sextant {

namespace {

constexpr std::size_t kLongestText = 4096;
constexpr int kMostIndex = 1'000'000;
constexpr int kMostTokens = 1 << 30;

std::string read_text(const JsonNode& node) {
  if (node.string().size() > kLongestText) node.fail("at most 4096 bytes");
  return node.string();
}

std::string optional_text(const JsonNode& node, std::string_view key) {
  const auto found = node.find(key);
  return found ? read_text(*found) : "";
}

OrderedJson phases_json(const RankPhases& phases) {
  return {{"forward_s", phases.forward_s}, {"backward_s", phases.backward_s},
          {"receive_s", phases.receive_s}, {"send_s", phases.send_s},
          {"sync_s", phases.sync_s},       {"update_s", phases.update_s}};
}

RankPhases read_phases(const JsonNode& node, bool lenient) {
  expect_known(node, lenient,
               {"forward_s", "backward_s", "receive_s", "send_s", "sync_s", "update_s"});
  return {node.at("forward_s").non_negative(), node.at("backward_s").non_negative(),
          node.at("receive_s").non_negative(), node.at("send_s").non_negative(),
          node.at("sync_s").non_negative(),    node.at("update_s").non_negative()};
}

/// Index `key` of a rank, which must be below `count`, the number the plan has there.
int read_index(const JsonNode& node, std::string_view key, std::size_t count) {
  const JsonNode index = node.at(key);
  const auto value = static_cast<int>(index.integer(0, kMostIndex));
  if (static_cast<std::size_t>(value) >= count) {
    index.fail(fmt::format("less than {}, as the plan has it", count), std::to_string(value));
  }
  return value;
}

/// All ranks of the plan, each once, or none; of a run that ended early any of them.
std::vector<MeasuredRank> read_ranks(const JsonNode& node, const MeasuredRun& run, bool lenient) {
  std::vector<MeasuredRank> ranks;
  std::set<std::tuple<int, int, int, int>> seen;
  for (const JsonNode& element : node.elements()) {
    const MeasuredRank& rank = ranks.emplace_back(measured_rank_from(element, run.plan, lenient));
    if (!seen.insert({rank.pipeline, rank.stage, rank.replica, rank.tp_rank}).second) {
      element.fail("a rank that was not listed before",
                   fmt::format("pipeline {} stage {} replica {} tp_rank {} again", rank.pipeline,
                               rank.stage, rank.replica, rank.tp_rank));
    }
  }
  const auto expected = static_cast<std::size_t>(gpu_count(run.plan));
  if (run.incomplete.empty() && !ranks.empty() && ranks.size() != expected) {
    node.fail(fmt::format("the {} ranks of the plan, or none", expected),
              std::to_string(ranks.size()));
  }
  return ranks;
}

std::vector<double> read_samples(const JsonNode& node) {
  std::vector<double> samples;
  for (const JsonNode& element : node.elements()) samples.push_back(element.positive());
  return samples;
}

}  // namespace

OrderedJson to_json(const MeasuredRank& rank) {
  OrderedJson out = {{"pipeline", rank.pipeline},
                     {"stage", rank.stage},
                     {"replica", rank.replica},
                     {"tp_rank", rank.tp_rank},
                     {"host", rank.host},
                     {"gpu", rank.gpu},
                     {"phases", phases_json(rank.phases)},
                     {"peak_allocated_bytes", bytes_json(rank.peak_allocated_bytes)},
                     {"peak_reserved_bytes", bytes_json(rank.peak_reserved_bytes)}};
  if (rank.process_bytes) out["process_bytes"] = bytes_json(*rank.process_bytes);
  return out;
}

MeasuredRank measured_rank_from(const JsonNode& node, const Plan& plan, bool lenient) {
  expect_known(node, lenient,
               {"pipeline", "stage", "replica", "tp_rank", "host", "gpu", "phases",
                "peak_allocated_bytes", "peak_reserved_bytes", "process_bytes"});
  MeasuredRank rank;
  rank.pipeline = read_index(node, "pipeline", plan.pipelines.size());
  const std::vector<Stage>& stages = plan.pipelines[static_cast<std::size_t>(rank.pipeline)].stages;
  rank.stage = read_index(node, "stage", stages.size());
  const std::vector<Replica>& replicas = stages[static_cast<std::size_t>(rank.stage)].replicas;
  rank.replica = read_index(node, "replica", replicas.size());
  const int tp = replicas[static_cast<std::size_t>(rank.replica)].tp;
  rank.tp_rank = read_index(node, "tp_rank", static_cast<std::size_t>(tp));
  rank.host = read_text(node.at("host"));
  rank.gpu = node.at("gpu").name();
  rank.phases = read_phases(node.at("phases"), lenient);
  rank.peak_allocated_bytes = node.at("peak_allocated_bytes").non_negative();
  rank.peak_reserved_bytes = node.at("peak_reserved_bytes").non_negative();
  if (rank.peak_reserved_bytes < rank.peak_allocated_bytes) {
    node.at("peak_reserved_bytes").fail("no less than peak_allocated_bytes");
  }
  if (const auto bytes = node.find("process_bytes")) rank.process_bytes = bytes->positive();
  return rank;
}

std::optional<double> MeasuredRun::largest_process_bytes() const {
  std::optional<double> largest;
  for (const MeasuredRank& rank : ranks) {
    if (rank.process_bytes) largest = std::max(largest.value_or(0), *rank.process_bytes);
  }
  return largest ? largest : peak_process_bytes;
}

OrderedJson measured_json(const MeasuredRun& run) {
  OrderedJson out = {{"schema", schema_id("measured")},
                     {"name", run.name},
                     {"evidence", to_string(run.evidence)},
                     {"framework", run.framework},
                     {"model", run.model},
                     {"dtype", run.dtype},
                     {"seq_len", run.seq_len},
                     {"optimizer", run.optimizer}};
  if (!run.incomplete.empty()) out["incomplete"] = run.incomplete;
  if (!run.suspicion.empty()) out["suspicion"] = run.suspicion;
  out["iteration"] = time_json(run.iteration);
  if (!run.iteration_samples_s.empty()) out["iteration_samples_s"] = run.iteration_samples_s;
  if (!run.losses.empty()) out["losses"] = run.losses;
  if (run.peak_process_bytes) out["peak_process_bytes"] = bytes_json(*run.peak_process_bytes);
  if (run.sync_s) out["sync_s"] = *run.sync_s;
  out["ranks"] = OrderedJson::array();
  for (const MeasuredRank& rank : run.ranks) out["ranks"].push_back(to_json(rank));
  out["plan"] = to_json(run.plan);
  out["provenance"] = provenance_json(run.provenance);
  return out;
}

MeasuredRun measured_from(const JsonNode& root) {
  const bool lenient = has_newer_minor(root);
  expect_known(root, lenient,
               {"schema", "name", "evidence", "framework", "model", "dtype", "seq_len", "optimizer",
                "plan", "iteration", "iteration_samples_s", "losses", "ranks", "peak_process_bytes",
                "sync_s", "incomplete", "suspicion", "provenance"});
  MeasuredRun run;
  run.source = root.file();
  run.name = root.at("name").name();
  run.evidence = read_evidence(root.at("evidence"));
  if (run.evidence == Evidence::kEstimated) {
    root.at("evidence")
        .fail("measured-gpu, measured-cpu or replayed: nobody measures an estimate", "estimated");
  }
  run.framework = root.at("framework").name();
  run.model = root.at("model").name();
  run.dtype = root.at("dtype").name();
  run.seq_len = static_cast<int>(root.at("seq_len").integer(1, kMostTokens));
  run.optimizer = root.at("optimizer").name();
  run.plan = plan_from_json(root.at("plan"));
  if (run.plan.model != run.model) {
    root.at("plan").at("model").fail(fmt::format("the model that was run, {}", quote(run.model)),
                                     quote(run.plan.model));
  }
  run.incomplete = optional_text(root, "incomplete");
  run.suspicion = optional_text(root, "suspicion");
  const JsonNode iteration = root.at("iteration");
  run.iteration = read_time(iteration, false, lenient);
  if (const auto samples = root.find("iteration_samples_s")) {
    run.iteration_samples_s = read_samples(*samples);
    const std::size_t count = run.iteration_samples_s.size();
    if (count > 0 && static_cast<std::size_t>(run.iteration.samples) != count) {
      samples->fail(fmt::format("as many as iteration has, {}", run.iteration.samples),
                    std::to_string(count));
    }
  }
  if (const auto losses = root.find("losses")) run.losses = losses->numbers();
  run.ranks = read_ranks(root.at("ranks"), run, lenient);
  if (const auto bytes = root.find("peak_process_bytes")) {
    run.peak_process_bytes = bytes->positive();
  }
  if (const auto sync = root.find("sync_s")) run.sync_s = sync->non_negative();
  run.provenance = read_provenance(root.at("provenance"), run.evidence);
  return run;
}

MeasuredRun read_measured(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return measured_from(document.root_of_kind("measured", 1));
}

}  // namespace sextant
