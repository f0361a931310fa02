#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

/// "Package:8".
ShapeTier tier_of(const std::string& text) {
  const std::size_t colon = text.find(':');
  ShapeTier tier{text.substr(0, colon)};
  if (tier.name.empty()) throw_usage(fmt::format("--tier {}: expected a name", quote(text)));
  if (colon == std::string::npos) return tier;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data() + colon + 1, end, tier.most_npus);
  constexpr int kFewestNpus = 2;
  if (parsed.ec != std::errc() || parsed.ptr != end || tier.most_npus < kFewestNpus) {
    throw_usage(fmt::format("--tier {}: expected NAME or NAME:NPUS with at least {} NPUs",
                            quote(text), kFewestNpus));
  }
  return tier;
}

/// "2 x 8 x 1 x 1".
std::string extents_text(const GroupShape& shape) {
  return fmt::format("{}", fmt::join(shape, " x "));
}

std::string shapes_text(const TopoInput& input, const ShapeProblem& problem,
                        const ShapeSearch& search, const DivisionQuestion& question) {
  const ObjectiveUnit unit(question);
  std::vector<Table::Column> columns = {{"network", Table::Align::kLeft},
                                        {"tiers", Table::Align::kLeft},
                                        {"GB/s", Table::Align::kLeft}};
  for (const ParallelGroup& group : problem.groups) {
    columns.push_back({fmt::format("{} {}", group.name, group.npus), Table::Align::kLeft});
  }
  columns.insert(columns.end(),
                 {{"step"}, {"network, USD"}, {fmt::format("objective, {}", unit.name)}});
  Table table(std::move(columns));
  for (const NetworkShape& shape : search.best) {
    std::vector<std::string> tiers;
    std::vector<std::string> bandwidths;
    for (std::size_t d = 0; d < shape.topology.dimensions.size(); ++d) {
      tiers.push_back(shape.topology.dimensions[d].tier);
      bandwidths.push_back(
          fmt::format("{:.2f}", shape.division.bandwidth_bytes_per_s[d] / kBytesPerGb));
    }
    std::vector<std::string> row = {shape.topology.describe(),
                                    fmt::format("{}", fmt::join(tiers, ", ")),
                                    fmt::format("{}", fmt::join(bandwidths, " / "))};
    for (const GroupShape& group : shape.groups) row.push_back(extents_text(group));
    row.push_back(fmt::format("{:.4f} ms", 1e3 * shape.division.time_s));
    row.push_back(fmt::format("{:.0f}", shape.division.cost_usd));
    row.push_back(fmt::format("{:.10g}", unit.per_unit * shape.division.objective));
    table.add_row(std::move(row));
  }
  return fmt::format(
      "{}{}{:g} GB/s for each NPU\n\n{}\nproved: {} shapes divided, {} excluded by "
      "bounds\n",
      inputs_text(input), target_text(question), problem.total_bytes_per_s / kBytesPerGb,
      table.text(), search.evaluated, search.pruned);
}

OrderedJson shape_json(const NetworkShape& shape, const ShapeProblem& problem,
                       const ObjectiveUnit& unit) {
  NetworkFile network;
  network.topology = shape.topology;
  network.topology.name = shape.topology.describe();
  network.bandwidth_bytes_per_s = shape.division.bandwidth_bytes_per_s;
  network.prices = problem.prices;
  network.convention = problem.convention;
  OrderedJson out = {{"objective", unit.per_unit * shape.division.objective},
                     {"time_s", shape.division.time_s},
                     {"cost_usd", shape.division.cost_usd},
                     {"kkt_residual", shape.division.kkt_residual}};
  OrderedJson& groups = out["groups"] = OrderedJson::array();
  for (std::size_t g = 0; g < problem.groups.size(); ++g) {
    groups.push_back({{"group", problem.groups[g].name},
                      {"npus", problem.groups[g].npus},
                      {"shape", shape.groups[g]}});
  }
  out["topology"] = to_json(network);
  return out;
}

OrderedJson shapes_json(const TopoInput& input, const ShapeProblem& problem,
                        const ShapeSearch& search, const DivisionQuestion& question) {
  const ObjectiveUnit unit(question);
  OrderedJson out = {{"schema", schema_id("network_shapes")},
                     {"workload", input.workloads.front().workload.name},
                     {"npus", input.network.topology.npus()},
                     {"target", to_string(question.target)},
                     {"loop", to_string(question.loop)},
                     {"compute_scale", question.compute_scale},
                     {"total_gb_per_s", problem.total_bytes_per_s / kBytesPerGb},
                     {"evidence", "estimated"},
                     {"objective_unit", unit.name},
                     {"evaluated", search.evaluated},
                     {"pruned", search.pruned}};
  OrderedJson& shapes = out["shapes"] = OrderedJson::array();
  for (const NetworkShape& shape : search.best) shapes.push_back(shape_json(shape, problem, unit));
  return out;
}

}  // namespace

int print_shapes(const OptimizeArguments& arguments, const TopoInput& input,
                 const Session& session) {
  if (input.workloads.size() != 1) throw_usage("--search shape takes one workload");
  std::vector<ShapeTier> tiers;
  for (const std::string& text : arguments.tiers) tiers.push_back(tier_of(text));
  ShapeProblem problem =
      shape_problem(input.network, input.workloads.front(), arguments.question, std::move(tiers));
  problem.placement = arguments.placement;
  problem.keep = arguments.keep;
  const ShapeSearch search = search_shape(problem);
  if (!arguments.output.empty()) {
    const OrderedJson best =
        shape_json(search.best.front(), problem, ObjectiveUnit(arguments.question));
    write_file_atomically(arguments.output, json_text(best.at("topology")));
  }
  print(session.json ? json_text(shapes_json(input, problem, search, arguments.question))
                     : shapes_text(input, problem, search, arguments.question));
  return 0;
}

}  // namespace sextant::cli
