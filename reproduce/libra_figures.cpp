#include "reproduce/libra_figures.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string_view>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

using Shows = LibraFigure::Shows;

/// Finds points by what they are.
class Points {
 public:
  explicit Points(const std::vector<LibraPoint>& points) {
    for (const LibraPoint& point : points) {
      by_key_[{point.network, point.workload, point.configuration, point.optimized_for,
               point.total_gb_per_s}] = &point;
    }
  }
  const LibraPoint* find(std::string_view network, const LibraPoint& like,
                         std::string_view configuration, std::string_view optimized_for) const {
    const auto found =
        by_key_.find({std::string(network), like.workload, std::string(configuration),
                      std::string(optimized_for), like.total_gb_per_s});
    return found == by_key_.end() ? nullptr : found->second;
  }

 private:
  using Key = std::tuple<std::string, std::string, std::string, std::string, double>;
  std::map<Key, const LibraPoint*> by_key_;
};

/// By size, the group of all last.
std::size_t rank_of_workload(std::string_view workload) {
  constexpr std::array<std::string_view, 5> kOrder = {"", "17B", "175B", "1T", kGroupOfWorkloads};
  return static_cast<std::size_t>(std::find(kOrder.begin(), kOrder.end(), workload) -
                                  kOrder.begin());
}

std::size_t rank_of_configuration(std::string_view configuration) {
  return static_cast<std::size_t>(
      std::find(kLibraConfigurations.begin(), kLibraConfigurations.end(), configuration) -
      kLibraConfigurations.begin());
}

bool comes_before(const LibraFigureRow& a, const LibraFigureRow& b) {
  const auto rank = [](const LibraPoint& point) {
    return std::tuple(point.network, rank_of_workload(point.workload),
                      rank_of_configuration(point.configuration),
                      rank_of_workload(point.optimized_for), point.total_gb_per_s);
  };
  return rank(a.point) < rank(b.point);
}

bool comes_before(const LibraSummary& a, const LibraSummary& b) {
  const auto rank = [](const LibraSummary& summary) {
    return std::tuple(summary.network, summary.total_gb_per_s,
                      rank_of_configuration(summary.configuration),
                      rank_of_workload(summary.optimized_for));
  };
  return rank(a) < rank(b);
}

bool is_shown(const LibraFigure& figure, const LibraPoint& point) {
  if (figure.shows == Shows::kTime) return true;
  if (figure.shows != Shows::kSlowdown) return point.is_own();
  return point.configuration == kPerfOptBw ||
         (point.configuration == kSextant && point.optimized_for == kGroupOfWorkloads);
}

std::optional<double> value_of(const LibraFigure& figure, const LibraPoint& point,
                               const Points& points) {
  if (figure.shows == Shows::kTime) return point.time_s * 1e3;
  if (figure.shows == Shows::kCost) return point.cost_usd / 1e6;
  if (figure.shows == Shows::kSlowdown) {
    const LibraPoint* own = points.find(point.network, point, kPerfOptBw, point.workload);
    return own == nullptr ? std::nullopt : std::optional(point.time_s / own->time_s);
  }
  const LibraPoint* equal = points.find("2D", point, kEqualBw, "");
  if (equal == nullptr) return std::nullopt;
  const double speedup = equal->time_s / point.time_s;
  return figure.shows == Shows::kSpeedup ? speedup : speedup * equal->cost_usd / point.cost_usd;
}

LibraSummary summary_of(const std::vector<double>& values) {
  LibraSummary out;
  out.count = static_cast<int>(values.size());
  double sum = 0;
  double logs = 0;
  for (const double value : values) {
    sum += value;
    logs += std::log(value);
  }
  out.mean = sum / out.count;
  out.geometric_mean = std::exp(logs / out.count);
  out.min = *std::min_element(values.begin(), values.end());
  out.max = *std::max_element(values.begin(), values.end());
  return out;
}

}  // namespace

const std::vector<LibraFigure>& libra_figures() {
  static const std::vector<LibraFigure> all = {
      {"evaluation", Shows::kTime, "Every training step of the evaluation, simulated", "time_ms",
       "step time (ms)"},
      {"fig12", Shows::kSpeedup, "Speed of networks, divided for speed and for speed per cost",
       "speedup", "speedup over 2D EqualBW"},
      {"fig13", Shows::kCost, "Cost of networks, divided for speed and for speed per cost",
       "cost_million_usd", "cost (million USD)"},
      {"fig14", Shows::kSpeedPerCost,
       "Speed per cost of networks, divided for speed and for speed per cost", "perf_per_cost",
       "perf/cost over 2D EqualBW"},
      {"fig15", Shows::kSlowdown, "Workloads on networks that were divided for others", "slowdown",
       "time ÷ time on own network"},
  };
  return all;
}

bool has_round_budget(const LibraPoint& point) {
  constexpr double kStep = 100;
  return std::fmod(point.total_gb_per_s, kStep) == 0;
}

std::vector<LibraFigureRow> libra_figure_rows(const LibraFigure& figure,
                                              const std::vector<LibraPoint>& points) {
  const Points known(points);
  std::vector<LibraFigureRow> rows;
  for (const LibraPoint& point : points) {
    if (is_shown(figure, point)) rows.push_back({point, value_of(figure, point, known)});
  }
  std::stable_sort(rows.begin(), rows.end(),
                   [](const auto& a, const auto& b) { return comes_before(a, b); });
  return rows;
}

std::vector<LibraSummary> summarize(const LibraFigure& figure,
                                    const std::vector<LibraFigureRow>& rows) {
  const bool means = figure.shows == Shows::kSlowdown;
  using Key = std::tuple<std::string, std::string, std::string, double>;
  std::map<Key, std::vector<double>> values;
  for (const LibraFigureRow& row : rows) {
    const LibraPoint& point = row.point;
    if (!row.value || (point.configuration != kDgx && !has_round_budget(point))) continue;
    if (means && point.optimized_for == point.workload) continue;
    values[{point.configuration, means ? point.optimized_for : "", "", 0}].push_back(*row.value);
  }
  for (const LibraFigureRow& row : rows) {
    const LibraPoint& point = row.point;
    if (!means || !row.value) continue;
    // A network's own workload has the slowdown 1, which stands for the artifact's further one.
    const Key key{point.configuration, point.optimized_for, point.network, point.total_gb_per_s};
    std::vector<double>& of_bar = values[key];
    if (point.optimized_for == kGroupOfWorkloads && of_bar.empty()) of_bar.push_back(1);
    of_bar.push_back(*row.value);
  }
  std::vector<LibraSummary> out;
  for (const auto& [key, of_key] : values) {
    LibraSummary summary = summary_of(of_key);
    std::tie(summary.configuration, summary.optimized_for, summary.network,
             summary.total_gb_per_s) = key;
    out.push_back(std::move(summary));
  }
  std::sort(out.begin(), out.end(),
            [](const auto& a, const auto& b) { return comes_before(a, b); });
  return out;
}

OrderedJson to_json(const LibraSummary& summary) {
  OrderedJson out = {{"configuration", summary.configuration}};
  if (!summary.optimized_for.empty()) out["optimized_for"] = summary.optimized_for;
  if (!summary.network.empty()) {
    out["network"] = summary.network;
    out["total_gb_per_s"] = summary.total_gb_per_s;
  }
  out["count"] = summary.count;
  out["mean"] = summary.mean;
  out["geometric_mean"] = summary.geometric_mean;
  out["min"] = summary.min;
  out["max"] = summary.max;
  return out;
}

std::string libra_figure_csv(const LibraFigure& figure, const std::vector<LibraFigureRow>& rows) {
  std::string text = fmt::format(
      "network,workload,configuration,optimized_for,total_gb_per_s,bandwidth_gb_per_s,"
      "within_limits,time_s,cost_usd,{},recorded_s\n",
      figure.member);
  const auto optional = [](const std::optional<double>& value) {
    return value ? fmt::format("{}", *value) : "";
  };
  for (const LibraFigureRow& row : rows) {
    const LibraPoint& point = row.point;
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_field(point.network),
                        csv_field(point.workload), point.configuration,
                        csv_field(point.optimized_for), point.total_gb_per_s,
                        fmt::join(point.bandwidth_gb_per_s, " "), point.within_limits, point.time_s,
                        point.cost_usd, optional(row.value), optional(point.recorded_s));
  }
  return text;
}

std::string libra_figure_table(const std::vector<LibraFigureRow>& rows) {
  std::vector<double> budgets;
  for (const LibraFigureRow& row : rows) budgets.push_back(row.point.total_gb_per_s);
  std::sort(budgets.begin(), budgets.end());
  budgets.erase(std::unique(budgets.begin(), budgets.end()), budgets.end());

  using Line = std::vector<std::string>;  // its names, then the cells
  std::vector<Line> lines;
  bool beyond = false;
  for (const LibraFigureRow& row : rows) {
    const LibraPoint& point = row.point;
    if (!row.value) continue;
    const Line names = {point.network, point.workload, point.configuration, point.optimized_for};
    auto line = std::find_if(lines.begin(), lines.end(), [&](const Line& one) {
      return std::equal(names.begin(), names.end(), one.begin());
    });
    if (line == lines.end()) {
      line = lines.insert(lines.end(), names);
      line->resize(names.size() + budgets.size());
    }
    const auto column = std::lower_bound(budgets.begin(), budgets.end(), point.total_gb_per_s);
    (*line)[names.size() + static_cast<std::size_t>(column - budgets.begin())] =
        fmt::format("{:#.4g}{}", *row.value, point.within_limits ? "" : "*");
    beyond = beyond || !point.within_limits;
  }
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"network", Align::kLeft},
                                        {"workload", Align::kLeft},
                                        {"configuration", Align::kLeft},
                                        {"divided for", Align::kLeft}};
  for (const double budget : budgets) columns.push_back({fmt::format("{} GB/s", budget)});
  Table table(columns);
  for (const Line& line : lines) table.add_row(line);
  return table.text() +
         (beyond ? "*: more than links of a tier give an NPU today (Tile 700, Package 400, Node "
                   "160, Pod 100 GB/s)\n"
                 : "");
}

}  // namespace sextant
