#include <algorithm>
#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/evidence.h"
#include "analyzer/core/table.h"
#include "analyzer/report/step_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

constexpr std::size_t kSlices = 240;  ///< of the time axis: a few pixels each

/// What one machine did, in slices of the whole time.
struct MachineHistory {
  std::string name;
  std::vector<double> busy_s;  ///< by slice
  double all_busy_s = 0;
  double batches = 0;
  double prompts = 0;
  double decodes = 0;
  std::vector<StepChart::Step> waiting;   ///< requests
  std::vector<StepChart::Step> kv_share;  ///< of its KV cache
};

/// Reads the events: machines by process, ascending.
class TimelineReader {
 public:
  explicit TimelineReader(const JsonNode& root) {
    const std::vector<JsonNode> events = root.at("traceEvents").elements();
    for (const JsonNode& event : events) {
      if (event.at("ph").string() == "M") continue;
      const auto duration = event.find("dur");
      end_s_ = std::max(end_s_, 1e-6 * (event.at("ts").non_negative() +
                                        (duration ? duration->non_negative() : 0)));
    }
    for (const JsonNode& event : events) read(event);
  }

  double end_s() const { return end_s_; }
  double slice_s() const { return end_s_ / kSlices; }
  std::vector<MachineHistory> machines() const {
    std::vector<MachineHistory> all;
    for (const auto& [process, machine] : machines_) all.push_back(machine);
    return all;
  }

 private:
  void read(const JsonNode& event) {
    const std::string& phase = event.at("ph").string();
    MachineHistory& machine = machines_[event.at("pid").integer(0, 1'000'000)];
    const JsonNode args = event.at("args");
    if (phase == "M") {
      if (event.at("name").string() == "process_name") machine.name = args.at("name").string();
      return;
    }
    const double start_s = 1e-6 * event.at("ts").non_negative();
    if (phase == "C") {
      machine.waiting.push_back({start_s, args.at("waiting").non_negative()});
      machine.kv_share.push_back({start_s, args.at("kv_share").non_negative()});
      return;
    }
    const double end_s = start_s + 1e-6 * event.at("dur").non_negative();
    machine.all_busy_s += end_s - start_s;
    machine.batches += 1;
    machine.prompts += args.at("prompts").non_negative();
    machine.decodes += args.at("decodes").non_negative();
    add_busy(machine, start_s, end_s);
  }

  void add_busy(MachineHistory& machine, double start_s, double end_s) const {
    machine.busy_s.resize(kSlices);
    if (!(slice_s() > 0)) return;
    auto slice = static_cast<std::size_t>(start_s / slice_s());
    for (; slice < kSlices && static_cast<double>(slice) * slice_s() < end_s; ++slice) {
      const double from = std::max(start_s, static_cast<double>(slice) * slice_s());
      const double to = std::min(end_s, static_cast<double>(slice + 1) * slice_s());
      machine.busy_s[slice] += std::max(0.0, to - from);
    }
  }

  double end_s_ = 0;
  std::map<std::int64_t, MachineHistory> machines_;
};

/// The mean of all machines and the one with the most at its worst, as two series.
StepChart::Panel mean_and_most(const std::string& y_label,
                               const std::vector<std::pair<std::string, std::vector<double>>>& all,
                               double step_s) {
  std::vector<double> mean(all.front().second.size());
  std::size_t most = 0;
  double most_sum = -1;
  for (std::size_t m = 0; m < all.size(); ++m) {
    double sum = 0;
    for (std::size_t i = 0; i < mean.size(); ++i) {
      mean[i] += all[m].second[i] / static_cast<double>(all.size());
      sum += all[m].second[i];
    }
    if (sum > most_sum) {
      most_sum = sum;
      most = m;
    }
  }
  const auto steps = [&](const std::vector<double>& values) {
    std::vector<StepChart::Step> out;
    for (std::size_t i = 0; i < values.size(); ++i) {
      out.push_back({static_cast<double>(i) * step_s, values[i]});
    }
    return out;
  };
  StepChart::Panel panel{y_label, {{"mean of all machines", steps(mean), true}}};
  if (all.size() > 1) {
    panel.series.push_back({"most: " + all[most].first, steps(all[most].second), false});
  }
  return panel;
}

/// Means over slices of what holds from one sample to the next.
std::vector<double> sliced(const std::vector<StepChart::Step>& samples, double slice_s,
                           double scale) {
  std::vector<double> values(kSlices);
  std::size_t at = 0;
  for (std::size_t i = 0; i < kSlices; ++i) {
    double sum = 0;
    double count = 0;
    const double until = static_cast<double>(i + 1) * slice_s;
    for (; at < samples.size() && samples[at].from_s < until; ++at, ++count) {
      sum += scale * samples[at].value;
    }
    values[i] = count > 0 ? sum / count : (i > 0 && at < samples.size() ? values[i - 1] : 0);
  }
  return values;
}

StepChart history_chart(const std::vector<MachineHistory>& machines, const TimelineReader& read,
                        const std::string& evidence) {
  StepChart chart;
  chart.title = "Machines over time";
  chart.evidence = evidence;
  chart.caption = fmt::format("Means over {} each.", format_seconds(read.slice_s()));
  chart.end_s = read.end_s();
  std::vector<std::pair<std::string, std::vector<double>>> busy, waiting, cached;
  for (const MachineHistory& machine : machines) {
    std::vector<double> share = machine.busy_s;
    share.resize(kSlices);
    for (double& one : share) one = 100 * one / read.slice_s();
    busy.emplace_back(machine.name, std::move(share));
    if (machine.waiting.empty()) continue;
    waiting.emplace_back(machine.name, sliced(machine.waiting, read.slice_s(), 1));
    cached.emplace_back(machine.name, sliced(machine.kv_share, read.slice_s(), 100));
  }
  chart.panels.push_back(mean_and_most("busy, %", busy, read.slice_s()));
  if (!waiting.empty()) {
    chart.panels.push_back(mean_and_most("requests that wait", waiting, read.slice_s()));
    chart.panels.push_back(mean_and_most("KV cache in use, %", cached, read.slice_s()));
  }
  return chart;
}

HtmlTable machine_table(const std::vector<MachineHistory>& machines, double end_s) {
  HtmlTable table{"machines",
                  {{"machine"},
                   {"busy, %", true},
                   {"batches", true},
                   {"prompts", true},
                   {"decode steps", true},
                   {"mean batch", true}},
                  {}};
  for (const MachineHistory& machine : machines) {
    const double requests = machine.prompts + machine.decodes;
    table.rows.push_back({{machine.name},
                          per_cent_cell(machine.all_busy_s / end_s),
                          count_cell(machine.batches),
                          count_cell(machine.prompts),
                          count_cell(machine.decodes),
                          number_cell(machine.batches > 0 ? requests / machine.batches : 0)});
  }
  return table;
}

}  // namespace

void add_serving_timeline_view(const JsonDocument& document, const ReportInputs&,
                               std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const JsonNode about = root.at("otherData");
  const auto evidence = about.find("evidence");
  const std::string evidence_name =
      evidence ? std::string(to_string(read_evidence(*evidence))) : "estimated";
  HtmlSection section("Serving over time", document.file(), evidence_name);
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [key, value] : about.members()) {
    if (key != "evidence") facts.emplace_back(key, value.string());
  }
  const TimelineReader read(root);
  const std::vector<MachineHistory> machines = read.machines();
  const bool drawable = !machines.empty() && read.end_s() > 0;
  if (drawable) facts.emplace_back("until", format_seconds(read.end_s()));
  section.facts(facts);
  if (drawable) {
    section.figure("machines over time", svg(history_chart(machines, read, evidence_name)));
    section.table(machine_table(machines, read.end_s()));
  } else {
    section.warning("Nothing ran.");
  }
  sections.push_back(std::move(section));
}

}  // namespace sextant
