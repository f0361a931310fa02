#include "analyzer/training/aceso/validation.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/training/aceso/published_files.h"

namespace sextant {

namespace aceso {

namespace {

namespace fs = std::filesystem;

/// What was run on, and how many of them a machine has.
constexpr const char* kGpu = "GH-96";
constexpr int kGpusPerNode = 4;

constexpr double kMsPerSecond = 1000;
constexpr int kMostOperators = 1'000'000;

/// The value that all elements of an array, one an operator, have.
int common_value(const JsonNode& values, int operators, std::int64_t low, std::int64_t high) {
  if (static_cast<int>(values.size()) != operators) {
    values.fail(fmt::format("{} numbers, one an operator of the stage", operators),
                fmt::format("{}", values.size()));
  }
  const auto first = static_cast<int>(values.at(std::size_t{0}).integer(low, high));
  for (const JsonNode& value : values.elements()) {
    if (value.integer(low, high) != first) {
      value.fail(fmt::format("{}, as of the stage's other operators", first));
    }
  }
  return first;
}

/// Member `key` of a configuration: an array of `size` elements.
JsonNode array_of(const JsonNode& root, const char* key, std::size_t size) {
  const JsonNode array = root.at(key);
  if (!array.is_array() || array.size() != size) {
    array.fail(fmt::format("an array of {} elements, one a stage", size));
  }
  return array;
}

OperatorSequence sequence_of(int blocks) {
  std::vector<LayerKind> layers(static_cast<std::size_t>(blocks) + 2, LayerKind::kBlock);
  layers.front() = LayerKind::kEmbedding;
  layers.back() = LayerKind::kHead;
  return OperatorSequence(std::move(layers));
}

}  // namespace

Configuration read_configuration(const fs::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root();
  Configuration out;
  out.model = root.at("model_name").name();
  out.blocks = static_cast<int>(root.at("num_layers").integer(1, kMostOperators));
  out.global_batch = root.at("global_batch_size").count();
  out.plan.stage_batch = root.at("micro_batch_size").count();
  const auto stages = static_cast<std::size_t>(root.at("num_stages").integer(1, kMostOperators));
  const JsonNode sizes = array_of(root, "num_ops_in_each_stage", stages);
  const JsonNode gpus = array_of(root, "num_gpus", stages);
  const JsonNode tensor = array_of(root, "model_parallel_size_of_each_op", stages);
  const JsonNode data = array_of(root, "data_parallel_size_of_each_op", stages);
  const JsonNode recomputed = array_of(root, "recompute_ops", stages);
  const JsonNode splits = array_of(root, "algo_of_each_op", stages);
  int next = 0;
  for (std::size_t s = 0; s < stages; ++s) {
    OperatorStage stage;
    stage.first = next;
    const auto size = static_cast<int>(sizes.at(s).integer(1, kMostOperators));
    next += size;
    stage.end = next;
    stage.tp = common_value(tensor.at(s), size, 1, 1024);
    stage.dp = common_value(data.at(s), size, 1, 1024);
    common_value(recomputed.at(s), size, 0, 0);
    common_value(splits.at(s), size, 0, 0);
    if (gpus.at(s).count() != stage.gpus()) {
      gpus.at(s).fail(fmt::format("{}, its degrees' product", stage.gpus()));
    }
    out.plan.stages.push_back(stage);
  }
  const int operators = sequence_of(out.blocks).size();
  if (next != operators) {
    sizes.fail(fmt::format("{} operators, those of {} blocks", operators, out.blocks),
               fmt::format("{}", next));
  }
  return out;
}

ConfigurationCost predict(const Configuration& configuration, const fs::path& folder,
                          int gpus_per_node) {
  const Tables tables =
      read_published_tables(folder, configuration.model, sequence_of(configuration.blocks));
  const std::vector<OperatorStageCost> costs =
      CostModel(tables, gpus_per_node).stage_costs(configuration.plan);
  ConfigurationCost out;
  out.iteration_s =
      iteration_ms(costs, configuration.global_batch, configuration.plan.stage_batch) /
      kMsPerSecond;
  for (const OperatorStageCost& cost : costs) {
    out.peak_memory_bytes = std::max(out.peak_memory_bytes, cost.memory_mb * kBytesPerMb);
  }
  return out;
}

}  // namespace aceso

std::vector<AcesoValidation> aceso_validation(const std::filesystem::path& published_tables) {
  const std::filesystem::path root = published_tables / "Aceso";
  const std::filesystem::path measured = root / "aceso_runtime_clariden_max_over_ranks.csv";
  const std::filesystem::path configurations = root / "validation_configs" / "clariden";
  if (published_tables.empty() || !std::filesystem::exists(measured) ||
      !std::filesystem::is_directory(configurations)) {
    return {};
  }
  const std::vector<aceso::CsvLine> lines = aceso::read_csv(measured);
  std::vector<AcesoValidation> out;
  for (std::size_t i = 1; i < lines.size(); ++i) {  // the first is the header
    AcesoValidation& row = out.emplace_back();
    row.config = lines[i].fields.front();
    row.measured_s = lines[i].number(measured, 1);
    row.measured_bytes = lines[i].number(measured, 2);
    const aceso::ConfigurationCost cost = aceso::predict(
        aceso::read_configuration(configurations / fmt::format("OPT-350_{}.json", row.config)),
        root / aceso::kGpu / "profiled-data-fp32", aceso::kGpusPerNode);
    row.predicted_s = cost.iteration_s;
    row.predicted_bytes = cost.peak_memory_bytes;
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return a.config < b.config; });
  return out;
}

}  // namespace sextant
