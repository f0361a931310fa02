#include <numeric>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

/// "model 16 (2 x 8 x 1 x 1)": NPUs of a group in all and by dimension.
std::string group_text(const ParallelGroup& group, const GroupShape& shape) {
  return fmt::format("{} {} ({})", group.name, group_npus(shape), fmt::join(shape, " x "));
}

/// "transformer_175B model, transformer_1T data": whose collectives dimension `d` bounds.
std::vector<std::string> bounded_groups(const TopoInput& input, const TopoFigures& figures,
                                        std::size_t d) {
  std::vector<std::string> names;
  for (std::size_t w = 0; w < figures.steps.size(); ++w) {
    const Workload& workload = input.workloads[w].workload;
    for (const StepBreakdown::Group& one : figures.steps[w].groups) {
      if (!one.bottleneck[d]) continue;
      const std::string& group = workload.groups[one.group].name;
      names.push_back(figures.steps.size() == 1 ? group : workload.name + " " + group);
    }
  }
  return names;
}

std::string dimension_table(const TopoInput& input, const TopoFigures& figures) {
  const std::vector<double>& bandwidth = figures.bandwidth_bytes_per_s;
  const double total = std::accumulate(bandwidth.begin(), bandwidth.end(), 0.0);
  std::vector<Table::Column> columns = {{"dimension"}, {"block", Table::Align::kLeft},
                                        {"NPUs"},      {"tier", Table::Align::kLeft},
                                        {"GB/s"},      {"share"}};
  const bool alone = figures.steps.size() == 1;
  if (alone) columns.insert(columns.end(), {{"sent"}, {"busy"}});
  columns.push_back({"bottleneck of", Table::Align::kLeft});
  Table table(std::move(columns));
  for (std::size_t d = 0; d < bandwidth.size(); ++d) {
    const TopologyDimension& dimension = input.network.topology.dimensions[d];
    std::vector<std::string> row = {fmt::format("B{}", d),
                                    std::string(to_string(dimension.block)),
                                    std::to_string(dimension.npus),
                                    dimension.tier,
                                    fmt::format("{:.4f}", bandwidth[d] / kBytesPerGb),
                                    fmt::format("{:.2f} %", 100 * bandwidth[d] / total)};
    if (alone) {
      const StepBreakdown& step = figures.steps.front();
      row.push_back(format_bytes(step.sent_bytes[d]));
      row.push_back(fmt::format("{:.1f} %", 100 * step.utilisation[d]));
    }
    row.push_back(fmt::format("{}", fmt::join(bounded_groups(input, figures, d), ", ")));
    table.add_row(std::move(row));
  }
  return table.text();
}

std::string milliseconds(double seconds) {
  return fmt::format("{:.4f} ms", 1e3 * seconds);
}

std::string step_table(const TopoInput& input, const TopoFigures& figures) {
  Table table({{"workload", Table::Align::kLeft},
               {"step"},
               {"computes"},
               {"waits for", Table::Align::kLeft}});
  for (std::size_t w = 0; w < figures.steps.size(); ++w) {
    const StepBreakdown& step = figures.steps[w];
    std::string waits;
    for (const StepBreakdown::Group& group : step.groups) {
      waits += fmt::format("{}{} {}", waits.empty() ? "" : ", ",
                           input.workloads[w].workload.groups[group.group].name,
                           milliseconds(group.exposed_s));
    }
    table.add_row({input.workloads[w].workload.name, milliseconds(step.step_s),
                   milliseconds(step.compute_s), waits.empty() ? "nothing" : waits});
  }
  return table.text();
}

std::string simulated_table(const TopoInput& input, const TopoFigures& figures) {
  Table table({{"simulated", Table::Align::kLeft},
               {"step"},
               {"computes"},
               {"waits"},
               {"of it at the end"},
               {"busy by dimension", Table::Align::kLeft}});
  for (std::size_t w = 0; w < figures.simulated.size(); ++w) {
    const SimulatedStep& step = figures.simulated[w];
    std::string busy;
    for (const double share : step.utilisation) {
      busy += fmt::format("{}{:.1f} %", busy.empty() ? "" : ", ", 100 * share);
    }
    table.add_row({input.workloads[w].workload.name, milliseconds(step.step_s),
                   milliseconds(step.compute_s), milliseconds(step.exposed_s),
                   milliseconds(step.drain_s), busy});
  }
  return table.text();
}

OrderedJson simulated_json(const SimulatedStep& step) {
  return {{"time_s", step.step_s},         {"compute_s", step.compute_s},
          {"exposed_s", step.exposed_s},   {"drain_s", step.drain_s},
          {"sent_bytes", step.sent_bytes}, {"utilisation", step.utilisation}};
}

OrderedJson group_json(const TopoInput& input, const TopoFigures& figures, std::size_t workload,
                       std::size_t group) {
  const PlacedWorkload& placed = input.workloads[workload];
  const ParallelGroup& named = placed.workload.groups[group];
  OrderedJson out = {{"group", named.name},
                     {"npus", group_npus(placed.shapes[group])},
                     {"shape", placed.shapes[group]}};
  for (const StepBreakdown::Group& one : figures.steps[workload].groups) {
    if (one.group != group) continue;
    out["exposed_s"] = one.exposed_s;
    out["sent_bytes"] = one.sent_bytes;
  }
  return out;
}

}  // namespace

std::vector<double> gb_per_s(std::span<const double> bytes_per_s) {
  std::vector<double> out;
  for (const double value : bytes_per_s) out.push_back(value / kBytesPerGb);
  return out;
}

TopoFigures figures_of(const TopoInput& input, std::vector<double> bandwidth_bytes_per_s) {
  TopoFigures figures;
  for (const PlacedWorkload& placed : input.workloads) {
    figures.steps.push_back(
        step_breakdown(placed, input.loop, input.compute_scale, bandwidth_bytes_per_s));
  }
  figures.time_s = mean_step_time(input.workloads, input.loop, input.compute_scale)
                       .seconds(bandwidth_bytes_per_s);
  if (const auto prices = dimension_prices(input.network)) {
    figures.cost_usd = network_usd(*prices, bandwidth_bytes_per_s);
  }
  figures.bandwidth_bytes_per_s = std::move(bandwidth_bytes_per_s);
  return figures;
}

void simulate(const TopoInput& input, const SimulatedNetwork& network, TopoFigures& figures) {
  for (const PlacedWorkload& placed : input.workloads) {
    figures.simulated.push_back(
        simulate_step(placed.workload, placed.shapes, network, input.compute_scale));
  }
}

std::string inputs_text(const TopoInput& input) {
  const Topology& topology = input.network.topology;
  std::string text =
      fmt::format("network {}: {}, {} NPUs\n", topology.name, topology.describe(), topology.npus());
  for (const PlacedWorkload& placed : input.workloads) {
    text += fmt::format("workload {}:", placed.workload.name);
    for (std::size_t g = 0; g < placed.shapes.size(); ++g) {
      text += fmt::format("{} {}", g == 0 ? "" : ",",
                          group_text(placed.workload.groups[g], placed.shapes[g]));
    }
    if (input.workloads.size() > 1) text += fmt::format("; weight {:g}", placed.weight);
    text += "\n";
  }
  text += fmt::format("loop {}", to_string(input.loop));
  if (input.compute_scale != 1) text += fmt::format(", computation x {:g}", input.compute_scale);
  return text + " (evidence: estimated)\n";
}

std::string figures_text(const TopoInput& input, const TopoFigures& figures) {
  std::string text = dimension_table(input, figures) + "\n" + step_table(input, figures) + "\n";
  if (!figures.simulated.empty()) text += simulated_table(input, figures) + "\n";
  if (figures.steps.size() > 1) text += fmt::format("mean step {}\n", milliseconds(figures.time_s));
  if (figures.cost_usd) {
    text +=
        fmt::format("network {:.0f} USD ({})\n", *figures.cost_usd, to_string(input.convention()));
  }
  return text;
}

OrderedJson figures_json(const TopoInput& input, const TopoFigures& figures) {
  const Topology& topology = input.network.topology;
  OrderedJson out = {{"network", topology.name},
                     {"npus", topology.npus()},
                     {"loop", to_string(input.loop)},
                     {"compute_scale", input.compute_scale},
                     {"evidence", "estimated"},
                     {"bandwidth_gb_per_s", gb_per_s(figures.bandwidth_bytes_per_s)},
                     {"time_s", figures.time_s}};
  if (figures.cost_usd) {
    out["cost_usd"] = *figures.cost_usd;
    out["cost_convention"] = to_string(input.convention());
  }
  OrderedJson& dimensions = out["dimensions"] = OrderedJson::array();
  for (std::size_t d = 0; d < topology.dimensions.size(); ++d) {
    const TopologyDimension& dimension = topology.dimensions[d];
    dimensions.push_back({{"block", to_string(dimension.block)},
                          {"npus", dimension.npus},
                          {"tier", dimension.tier},
                          {"bottleneck_of", bounded_groups(input, figures, d)}});
  }
  OrderedJson& workloads = out["workloads"] = OrderedJson::array();
  for (std::size_t w = 0; w < figures.steps.size(); ++w) {
    const StepBreakdown& step = figures.steps[w];
    const PlacedWorkload& placed = input.workloads[w];
    OrderedJson row = {{"workload", placed.workload.name},
                       {"weight", placed.weight},
                       {"time_s", step.step_s},
                       {"compute_s", step.compute_s},
                       {"utilisation", step.utilisation}};
    OrderedJson& groups = row["groups"] = OrderedJson::array();
    for (std::size_t g = 0; g < placed.shapes.size(); ++g) {
      groups.push_back(group_json(input, figures, w, g));
    }
    if (!figures.simulated.empty()) row["simulated"] = simulated_json(figures.simulated[w]);
    workloads.push_back(std::move(row));
  }
  return out;
}

}  // namespace sextant::cli
