#include "launch/emit/training/job_readme.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "launch/emit/shell_word.h"
#include "launch/emit/training/node_layout.h"

namespace sextant {

namespace {

constexpr auto kLeft = Table::Align::kLeft;

/// No line of `text` may begin with backticks; tables and `key: value` lines of ours do not.
std::string fenced(const std::string& text) {
  return "```text\n" + text + "```\n";
}

std::string range_of(int first, int count) {
  return count == 1 ? std::to_string(first) : fmt::format("{}-{}", first, first + count - 1);
}

std::string what_text(const LaunchJob& job) {
  return fmt::format(
      "model: {}, {} pipeline layers\n"
      "batch: {} sequences of {} tokens, microbatches of {}\n"
      "training: {}, {}, schedule {}{}{}{}\n"
      "plan: {}\n",
      quote(job.plan.model), job.plan.layer_count, job.plan.global_batch, job.job.seq_len,
      job.plan.microbatch, to_string(job.job.dtype),
      job.job.optimizer == Optimizer::kAdam ? "Adam" : "SGD", to_string(job.plan.schedule),
      job.plan.recompute ? ", recomputation" : "",
      job.plan.zero_stage > 0 ? fmt::format(", ZeRO {}", job.plan.zero_stage) : "",
      job.plan.sequence_parallel ? ", sequence parallelism" : "", summary(job.plan));
}

std::string prediction_section(const LaunchJob& job) {
  if (!job.prediction) return "The plan was made without a prediction.\n";
  const RecordedPrediction& p = *job.prediction;
  Table table({{"figure", kLeft}, {"predicted", kLeft}, {"evidence", kLeft}});
  const auto add = [&](const char* figure, std::string value) {
    table.add_row({figure, std::move(value), std::string(to_string(p.evidence))});
  };
  add("iteration", format_seconds(p.iteration_s));
  add("throughput", fmt::format("{:.5g} iterations/s", 1 / p.iteration_s));
  if (p.tokens_per_s > 0) add("tokens", fmt::format("{} tokens/s", format_count(p.tokens_per_s)));
  add("cost", fmt::format("{:.4g} USD/iteration", p.usd_per_iter));
  if (p.peak_memory_bytes > 0) {
    add("memory of the fullest GPU", format_gib(p.peak_memory_bytes));
    add("which it will not exceed", format_gib(p.memory_bound_bytes));
  }
  return fmt::format("By estimator {}, before anything ran:\n\n{}", p.estimator,
                     fenced(table.text()));
}

std::string nodes_section(const LaunchJob& job) {
  Table table({{"node"}, {"machine", kLeft}, {"ranks", kLeft}, {"GPUs", kLeft}, {"holds", kLeft}});
  for (std::size_t i = 0; i < job.nodes.size(); ++i) {
    const LaunchNode& node = job.nodes[i];
    table.add_row({std::to_string(i), machine_name(node), range_of(node.first_rank, node.ranks),
                   range_of(first_gpu(job.nodes, i), node.ranks), held_by(node, job.plan)});
  }
  return fenced(table.text());
}

std::string files_section(const ReadmeParts& parts, const JobFolder& folder) {
  std::string text;
  const auto add = [&](const std::string& path, const std::string& what) {
    text += fmt::format("- `{}`: {}\n", path, what);
  };
  const auto add_common = [&](const char* path, const char* what) {
    if (folder.files.contains(path)) add(path, what);
  };
  add_common("plan.json", "the plan, with what was predicted of it");
  add_common("job.json", "the job: model, batch, data type, optimizer");
  add_common("model.json", "the model, which is none of the built-in ones");
  for (const auto& [path, what] : parts.files) add(path, what);
  return text;
}

}  // namespace

void put_readme(const LaunchJob& job, const LaunchTarget& target, const ReadmeParts& parts,
                JobFolder& folder) {
  std::string text = fmt::format(
      "# A training job, to be started with {}\n\n"
      "Written for {}.\n\n{}\n"
      "## Predicted\n\n{}\n"
      "## What runs where\n\n{}\n"
      "## Files\n\n{}\n"
      "## Start\n\n{}\n"
      "## Compare\n\n{}",
      target.name(), target.written_for(), fenced(what_text(job)), prediction_section(job),
      nodes_section(job), files_section(parts, folder), parts.start, parts.compare);
  if (!folder.notes.empty()) {
    std::string notes;
    for (const std::string& note : folder.notes) notes += "- " + note + "\n";
    text += "\n## To know\n\n" + fenced(notes);
  }
  folder.files["README.md"] = std::move(text);
}

std::string compare_log_script(const LaunchJob& job, const LoggedTime& time) {
  std::string predicted = "predicted_s= by=\n";
  if (job.prediction) {
    predicted =
        fmt::format("predicted_s={} by={}\n", job.prediction->iteration_s,
                    shell_word(fmt::format("estimator {}, evidence {}", job.prediction->estimator,
                                           to_string(job.prediction->evidence))));
  }
  return fmt::format(
             "#!/usr/bin/env bash\n"
             "# Lays the time of an iteration, as logs have it, beside the predicted one.\n"
             "set -euo pipefail\n"
             "export LC_ALL=C  # the point of a number is a point\n"
             "pattern={} unit_s={} warm_up={} work={}\n",
             shell_word(time.pattern), time.unit_s, time.warm_up, time.work) +
         predicted + R"sh(
if [ $# -eq 0 ]; then
  echo "usage: compare.sh LOG…" >&2
  exit 2
fi
for log in "$@"; do
  [ -r "$log" ] || { echo "compare.sh: $log cannot be read" >&2; exit 3; }
done
for log in "$@"; do
  sed -nE "s/.*$pattern.*/\1/p" < "$log" | tr -d , | tail -n "+$((warm_up + 1))"
done | sort -g | awk -v unit="$unit_s" -v work="$work" -v predicted="$predicted_s" -v by="$by" '
  $1 > 0 { time[++logged] = work > 0 ? work / $1 : $1 * unit }
  END {
    if (logged == 0) { print "compare.sh: no log has the time of an iteration" > "/dev/stderr"; exit 3 }
    measured = (time[int((logged + 1) / 2)] + time[int((logged + 2) / 2)]) / 2
    printf "measured   %.6g s an iteration, median of %d\n", measured, logged
    if (predicted == "") { print "predicted  nothing"; exit 0 }
    printf "predicted  %.6g s (%s)\n", predicted, by
    printf "error      %+.1f %%, (predicted - measured) / measured\n", 100 * (predicted / measured - 1)
  }'
)sh";
}

}  // namespace sextant
