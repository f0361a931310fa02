#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/report/front_chart.h"
#include "analyzer/report/write_plot.h"
#include "cli/topo_parts.h"
#include "planner/topology/front/bandwidth_front.h"

namespace sextant::cli {

namespace {

/// "137.99 / 120.74 / 58.91 / 7.36".
std::string division_text(const FrontPoint& point) {
  std::vector<std::string> parts;
  for (const double bandwidth : gb_per_s(point.bandwidth_bytes_per_s)) {
    parts.push_back(fmt::format("{:.2f}", bandwidth));
  }
  return fmt::format("{}", fmt::join(parts, " / "));
}

std::string front_text(const TopoInput& input, const BandwidthFront& front) {
  std::string text =
      inputs_text(input) + "\ndivisions of which none is both faster and cheaper:\n\n";
  Table table({{"step"},
               {"network"},
               {"GB/s by dimension", Table::Align::kLeft},
               {"a step's ms for 1000 USD more"},
               {"", Table::Align::kLeft}});
  for (std::size_t i = 0; i < front.points.size(); ++i) {
    const FrontPoint& point = front.points[i];
    table.add_row({fmt::format("{:.4f} ms", 1e3 * point.time_s),
                   fmt::format("{:.0f} USD", point.cost_usd), division_text(point),
                   fmt::format("{:.4g}", 1e6 * point.seconds_per_usd),
                   front.best_time_times_cost == i ? "least time x cost" : ""});
  }
  text += table.text();
  text += fmt::format(
      "\nproved: no division is more than {:.2g} % faster than the mixture of two neighbours that "
      "costs as much\n",
      100 * front.gap);
  return text;
}

OrderedJson front_json(const TopoInput& input, const BandwidthFront& front) {
  OrderedJson out = {{"schema", schema_id("bandwidth_front")},
                     {"network", input.network.topology.name},
                     {"npus", input.network.topology.npus()},
                     {"loop", to_string(input.loop)},
                     {"compute_scale", input.compute_scale},
                     {"evidence", "estimated"},
                     {"cost_convention", to_string(input.convention())},
                     {"gap", front.gap}};
  if (front.best_time_times_cost) out["best_time_times_cost"] = *front.best_time_times_cost;
  OrderedJson& points = out["points"] = OrderedJson::array();
  for (const FrontPoint& point : front.points) {
    points.push_back({{"bandwidth_gb_per_s", gb_per_s(point.bandwidth_bytes_per_s)},
                      {"time_s", point.time_s},
                      {"cost_usd", point.cost_usd},
                      {"seconds_per_usd", point.seconds_per_usd}});
  }
  return out;
}

FrontChart chart_of(const TopoInput& input, const BandwidthFront& front) {
  FrontChart chart;
  chart.title = input.network.topology.describe();
  chart.x_label = "USD for the network";
  chart.y_label = "steps/s";
  chart.evidence = "estimated";
  chart.caption = "Divisions of bandwidth of which none is both faster and cheaper.";
  for (std::size_t i = 0; i < front.points.size(); ++i) {
    const FrontPoint& point = front.points[i];
    const bool best = front.best_time_times_cost == i;
    chart.points.push_back(
        {point.cost_usd, 1 / point.time_s, best ? "least time x cost" : "", true});
  }
  return chart;
}

}  // namespace

int print_front(const OptimizeArguments& arguments, const TopoInput& input,
                const Session& session) {
  if (!input.network.prices) {
    throw_usage("--front needs the prices of the network's tiers: add --prices");
  }
  FrontOptions options;
  options.points = static_cast<std::size_t>(arguments.front_points);
  const BandwidthFront front = bandwidth_front(
      bandwidth_problem(input.network, input.workloads, arguments.question), options);
  if (!arguments.plot.empty()) write_plot(arguments.plot, svg(chart_of(input, front)));
  print(session.json ? json_text(front_json(input, front)) : front_text(input, front));
  return 0;
}

}  // namespace sextant::cli
