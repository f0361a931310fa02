#include "profiler/run/run_results.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/files.h"
#include "analyzer/core/table.h"

namespace sextant::profiler {

RunResults::RunResults(const RunRequest& request)
    : request_(request), plans_(request.plans.size()) {}

void RunResults::describe(Evidence evidence, const std::map<std::string, std::string>& provenance) {
  const std::lock_guard<std::mutex> lock(mutex_);
  evidence_ = evidence;
  provenance_ = provenance;
}

void RunResults::add_iteration(std::size_t plan, std::optional<double> seconds,
                               std::optional<double> loss) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (seconds) plans_[plan].samples.push_back(*seconds);
  if (loss) plans_[plan].losses.push_back(*loss);
}

void RunResults::set_rank(std::size_t plan, const MeasuredRank& rank) {
  const std::lock_guard<std::mutex> lock(mutex_);
  plans_[plan].ranks[{rank.pipeline, rank.stage, rank.replica, rank.tp_rank}] = rank;
}

void RunResults::complete(std::size_t plan) {
  const std::lock_guard<std::mutex> lock(mutex_);
  plans_[plan].complete = true;
}

bool RunResults::has_samples() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return std::any_of(plans_.begin(), plans_.end(),
                     [](const PlanResult& plan) { return !plan.samples.empty(); });
}

std::vector<MeasuredRun> RunResults::documents(const std::string& reason) const {
  const std::lock_guard<std::mutex> lock(mutex_);
  std::vector<MeasuredRun> runs;
  for (std::size_t i = 0; i < plans_.size(); ++i) {
    const PlanResult& result = plans_[i];
    if (result.samples.empty()) continue;
    MeasuredRun run;
    run.name = request_.plans[i].name;
    run.plan = request_.plans[i].plan;
    run.model = run.plan.model;
    run.dtype = to_string(request_.job.dtype);
    run.seq_len = request_.job.seq_len;
    run.optimizer = request_.job.optimizer == sextant::Optimizer::kSgd ? "sgd" : "adamw";
    run.evidence = evidence_;
    run.iteration = summarize(result.samples);
    run.iteration_samples_s = result.samples;
    run.losses = result.losses;
    for (const auto& [place, rank] : result.ranks) run.ranks.push_back(rank);
    if (!result.complete) run.incomplete = reason;
    run.provenance = provenance_;
    run.source = request_.plans[i].document.string();
    runs.push_back(std::move(run));
  }
  return runs;
}

void RunResults::write(const std::string& reason) const {
  for (const MeasuredRun& run : documents(reason)) {
    write_file_atomically(run.source, json_text(measured_json(run)));
  }
}

std::string results_text(const std::vector<MeasuredRun>& runs) {
  Table table({{"plan", Table::Align::kLeft},
               {"ranks"},
               {"iterations"},
               {"median"},
               {"p10"},
               {"p90"},
               {"first loss"},
               {"last loss"},
               {"peak of a rank"}});
  for (const MeasuredRun& run : runs) {
    double peak = 0;
    for (const MeasuredRank& rank : run.ranks) peak = std::max(peak, rank.peak_allocated_bytes);
    table.add_row({run.name, std::to_string(gpu_count(run.plan)),
                   std::to_string(run.iteration.samples), format_seconds(run.iteration.median_s),
                   format_seconds(run.iteration.p10_s), format_seconds(run.iteration.p90_s),
                   run.losses.empty() ? "" : fmt::format("{:.4f}", run.losses.front()),
                   run.losses.empty() ? "" : fmt::format("{:.4f}", run.losses.back()),
                   format_bytes(peak)});
  }
  return table.text();
}

}  // namespace sextant::profiler
