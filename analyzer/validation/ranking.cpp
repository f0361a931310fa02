#include "analyzer/validation/ranking.h"

#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

/// A run as one estimator sees it.
struct Entry {
  const ValidationRow* row = nullptr;
  TimeInterval measured;
};

bool apart(const TimeInterval& a, const TimeInterval& b) {
  return a.high_s < b.low_s || b.high_s < a.low_s;
}

Ranking rank_of(const std::vector<Entry>& entries) {
  Ranking out;
  out.estimator = entries.front().row->estimator;
  out.runs = static_cast<int>(entries.size());
  int balance = 0;
  for (std::size_t i = 0; i < entries.size(); ++i) {
    for (std::size_t j = i + 1; j < entries.size(); ++j) {
      if (!apart(entries[i].measured, entries[j].measured)) continue;
      ++out.separable_pairs;
      const double predicted = entries[i].row->predicted - entries[j].row->predicted;
      const double measured = entries[i].measured.median_s - entries[j].measured.median_s;
      if (predicted != 0) balance += (predicted < 0) == (measured < 0) ? 1 : -1;
    }
  }
  if (out.separable_pairs > 0) {
    out.kendall_tau = static_cast<double>(balance) / out.separable_pairs;
  }
  const auto first = std::min_element(
      entries.begin(), entries.end(),
      [](const Entry& a, const Entry& b) { return a.row->predicted < b.row->predicted; });
  const auto fastest = std::min_element(
      entries.begin(), entries.end(),
      [](const Entry& a, const Entry& b) { return a.row->measured < b.row->measured; });
  out.first = first->row->config;
  out.fastest = fastest->row->config;
  out.regret = first->row->measured / fastest->row->measured - 1;
  return out;
}

}  // namespace

TimeInterval median_interval(const MeasuredRun& run) {
  const TimeSummary& time = run.iteration;
  std::vector<double> samples = run.iteration_samples_s;
  constexpr std::size_t kFewest = 6;  // with five, the range of all has 93.75 %
  if (samples.size() < kFewest) {
    return {time.median_s, time.samples > 0 ? time.p10_s : time.median_s,
            time.samples > 0 ? time.p90_s : time.median_s, time.samples > 0};
  }
  std::sort(samples.begin(), samples.end());
  const auto count = static_cast<double>(samples.size());
  constexpr double kNormal = 1.959963984540054;  // two-sided 95 %
  const double low = std::floor((count - kNormal * std::sqrt(count)) / 2);
  const auto first = static_cast<std::size_t>(std::max(1.0, low)) - 1;
  return {time.median_s, samples[first], samples[samples.size() - 1 - first], true};
}

std::vector<Ranking> rank_predictions(const std::vector<MeasuredRun>& runs,
                                      const std::vector<ValidationRow>& rows) {
  constexpr std::size_t kFewestRuns = 3;
  std::map<std::string, const MeasuredRun*> by_name;
  for (const MeasuredRun& run : runs) {
    by_name[run.name] = &run;
    if (run.plan.global_batch != runs.front().plan.global_batch) return {};
  }
  std::vector<std::string> estimators;
  std::map<std::string, std::vector<Entry>> entries;
  for (const ValidationRow& row : rows) {
    if (row.quantity != Quantity::kTime || !row.ok()) continue;
    if (!entries.contains(row.estimator)) estimators.push_back(row.estimator);
    entries[row.estimator].push_back({&row, median_interval(*by_name.at(row.config))});
  }
  std::vector<Ranking> out;
  for (const std::string& estimator : estimators) {
    if (entries[estimator].size() >= kFewestRuns) out.push_back(rank_of(entries[estimator]));
  }
  return out;
}

OrderedJson to_json(const Ranking& ranking) {
  return {{"estimator", ranking.estimator},
          {"runs", ranking.runs},
          {"separable_pairs", ranking.separable_pairs},
          {"kendall_tau", ranking.kendall_tau},
          {"first", ranking.first},
          {"fastest", ranking.fastest},
          {"regret", ranking.regret}};
}

std::string ranking_text(const std::vector<Ranking>& rankings) {
  if (rankings.empty()) return "";
  Table table({{"estimator", Table::Align::kLeft},
               {"pairs told apart"},
               {"Kendall's tau"},
               {"predicted fastest", Table::Align::kLeft},
               {"measured fastest", Table::Align::kLeft},
               {"regret"}});
  for (const Ranking& ranking : rankings) {
    table.add_row(
        {ranking.estimator,
         fmt::format("{} of {}", ranking.separable_pairs, ranking.runs * (ranking.runs - 1) / 2),
         ranking.separable_pairs > 0 ? fmt::format("{:.3f}", ranking.kendall_tau) : "-",
         ranking.first, ranking.fastest, fmt::format("{:.1f} %", 100 * ranking.regret)});
  }
  return "\nOrder of the plans by iteration time:\n" + table.text();
}

}  // namespace sextant
