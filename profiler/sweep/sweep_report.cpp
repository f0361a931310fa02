#include "profiler/sweep/sweep_report.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/profile/step_peak.h"

namespace sextant::profiler {

namespace {

using Align = Table::Align;

/// Figures of a measured point that people and the JSON document get.
struct Figures {
  double forward_s = 0;  ///< of the whole model
  double backward_s = 0;
  double update_s = 0;
  double noise = 0;              ///< relative standard deviation of the iteration, or of its parts
  double peak_memory_bytes = 0;  ///< of a step of the whole model and the context; 0 = unknown
};

Figures figures_of(const PointDocument& point) {
  Figures out;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    out.forward_s += run.count * kind.forward.median_s;
    out.backward_s += run.count * kind.backward.median_s;
    out.update_s += point.update_is_whole_step ? 0 : run.count * kind.update.median_s;
    for (const TimeSummary* phase : {&kind.forward, &kind.backward}) {
      out.noise = std::max(out.noise, phase->rel_stdev);
    }
  }
  if (point.update_is_whole_step) out.update_s = point.kinds.front().update.median_s;
  if (point.cross_check) out.noise = point.cross_check->iteration.rel_stdev;
  const bool is_trained =
      std::all_of(point.kinds.begin(), point.kinds.end(),
                  [](const LayerKindProfile& kind) { return kind.training_memory.has_value(); });
  if (point.process_memory && is_trained) {
    out.peak_memory_bytes = point.process_memory->context_bytes +
                            point.process_memory->collective_buffer_bytes + step_peak_bytes(point);
  }
  return out;
}

std::string collectives_of(const SweepPoint& point) {
  if (point.key.tp == 1) return "none";
  return point.real_collectives ? "real" : "recorded";
}

std::string headline(const Sweep& sweep) {
  std::string out =
      fmt::format("{} on {}, {} points", sweep.model.name, sweep.machine.gpu, sweep.points.size());
  if (sweep.options.shard.count > 1) {
    out += fmt::format(" (shard {} of {})", sweep.options.shard.index, sweep.options.shard.count);
  }
  return out;
}

OrderedJson head_json(const Sweep& sweep) {
  return {{"schema", schema_id("sweep")},
          {"mode", sweep.options.mode == Mode::kTrain ? "train" : "serve"},
          {"model", sweep.model.name},
          {"gpu", sweep.machine.gpu},
          {"device", to_string(sweep.machine.device)},
          {"shard", fmt::format("{}/{}", sweep.options.shard.index, sweep.options.shard.count)}};
}

OrderedJson point_head(const Sweep& sweep, const SweepPoint& point, std::string_view status) {
  OrderedJson out = {{"variant", point.key.variant}, {"tp", point.key.tp}};
  if (sweep.options.mode == Mode::kTrain) {
    out["seq_len"] = point.key.seq_len;
    out["microbatch"] = point.key.microbatch;
  }
  out["collectives"] = collectives_of(point);
  out["file"] = point.file.string();
  out["status"] = status;
  return out;
}

std::string microbatch_cell(const Sweep& sweep, const SweepPoint& point) {
  return sweep.options.mode == Mode::kTrain ? std::to_string(point.key.microbatch) : "-";
}

std::string status_text(const PointOutcome& outcome) {
  return outcome.status ? std::string(to_string(*outcome.status)) : "pending";
}

/// What deserves a sentence below the table, "" where nothing does.
std::string remark(const PointOutcome& outcome) {
  if (!outcome.status) return "";
  if (outcome.status != PointStatus::kOk) {
    std::string out = fmt::format("{}: {}", to_string(*outcome.status), outcome.reason);
    if (outcome.document && outcome.document->largest_microbatch) {
      out += fmt::format(" (the largest microbatch that fits is {})",
                         *outcome.document->largest_microbatch);
    }
    return out;
  }
  std::vector<std::string> out;
  const auto& stopping = outcome.document ? outcome.document->stopping : outcome.serving->stopping;
  const auto& conditions =
      outcome.document ? outcome.document->conditions : outcome.serving->conditions;
  if (stopping && !stopping->unmet.empty()) out.push_back("not met: " + stopping->unmet);
  if (conditions && conditions->tainted_samples > 0) {
    out.push_back(
        fmt::format("{} samples were taken while the GPU throttled", conditions->tainted_samples));
  }
  if (outcome.serving && !outcome.serving->failures.empty()) {
    out.push_back(fmt::format("{} prefills and decode steps have no times",
                              outcome.serving->failures.size()));
  }
  return fmt::format("{}", fmt::join(out, "; "));
}

std::string training_table(const Sweep& sweep, const std::vector<PointOutcome>& outcomes) {
  Table table({{"variant", Align::kLeft},
               {"tp"},
               {"mbs"},
               {"collectives", Align::kLeft},
               {"status", Align::kLeft},
               {"forward"},
               {"backward"},
               {"update"},
               {"noise"},
               {"memory"},
               {"sum - whole"},
               {"", Align::kLeft}});
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const PointOutcome& outcome = outcomes[i];
    std::vector<std::string> row = {point.key.variant, std::to_string(point.key.tp),
                                    std::to_string(point.key.microbatch), collectives_of(point),
                                    status_text(outcome)};
    if (outcome.status == PointStatus::kOk) {
      const Figures figures = figures_of(*outcome.document);
      const auto& check = outcome.document->cross_check;
      row.insert(row.end(),
                 {format_seconds(figures.forward_s), format_seconds(figures.backward_s),
                  format_seconds(figures.update_s), fmt::format("{:.2f} %", 100 * figures.noise),
                  figures.peak_memory_bytes > 0 ? format_gib(figures.peak_memory_bytes) : "-",
                  check ? fmt::format("{:+.2f} %", 100 * check->relative_difference()) : "-"});
    } else {
      row.insert(row.end(), 6, "-");
    }
    row.emplace_back(outcome.kept ? "kept" : "");
    table.add_row(row);
  }
  return table.text();
}

std::string serving_table(const Sweep& sweep, const std::vector<PointOutcome>& outcomes) {
  Table table({{"variant", Align::kLeft},
               {"tp"},
               {"collectives", Align::kLeft},
               {"status", Align::kLeft},
               {"prefill to"},
               {"batch to"},
               {"context to"},
               {"weights"},
               {"", Align::kLeft}});
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const SweepPoint& point = sweep.points[i];
    const PointOutcome& outcome = outcomes[i];
    std::vector<std::string> row = {point.key.variant, std::to_string(point.key.tp),
                                    collectives_of(point), status_text(outcome)};
    if (outcome.status == PointStatus::kOk) {
      const ServingLimits limits = outcome.serving->limits();
      row.insert(
          row.end(),
          {std::to_string(limits.prefill_tokens), std::to_string(limits.decode_batch),
           std::to_string(limits.decode_context), format_gib(outcome.serving->weight_bytes())});
    } else {
      row.insert(row.end(), 4, "-");
    }
    row.emplace_back(outcome.kept ? "kept" : "");
    table.add_row(row);
  }
  return table.text();
}

}  // namespace

std::string plan_text(const Sweep& sweep) {
  Table table({{"variant", Align::kLeft},
               {"tp"},
               {"mbs"},
               {"collectives", Align::kLeft},
               {"estimate"},
               {"file", Align::kLeft}});
  for (const SweepPoint& point : sweep.points) {
    table.add_row({point.key.variant, std::to_string(point.key.tp), microbatch_cell(sweep, point),
                   collectives_of(point),
                   point.estimated_s ? format_seconds(*point.estimated_s) : "-",
                   point.file.string()});
  }
  std::string out = headline(sweep) + ", in this order:\n\n" + table.text() + "\n";
  if (const auto total = sweep.estimated_s()) {
    return out + fmt::format(
                     "About {} in all, with the start of ranks. An estimate: from the GPU's "
                     "data sheet and the stopping rule, not from a measurement.\n",
                     format_seconds(*total));
  }
  return out + fmt::format(
                   "No estimate: {} has no data sheet here. A point ends at the latest "
                   "after {} (--point-timeout).\n",
                   sweep.machine.gpu, format_seconds(sweep.options.point_timeout_s));
}

OrderedJson plan_json(const Sweep& sweep) {
  OrderedJson out = head_json(sweep);
  out["complete"] = false;
  if (const auto total = sweep.estimated_s()) out["estimated_s"] = *total;
  out["points"] = OrderedJson::array();
  for (const SweepPoint& point : sweep.points) {
    OrderedJson row = point_head(sweep, point, "planned");
    if (point.estimated_s) row["estimated_s"] = *point.estimated_s;
    out["points"].push_back(std::move(row));
  }
  return out;
}

std::string result_text(const Sweep& sweep, const std::vector<PointOutcome>& outcomes) {
  std::string remarks;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (const std::string text = remark(outcomes[i]); !text.empty()) {
      remarks += fmt::format("  {}: {}\n", sweep.points[i].text(sweep.options.mode), text);
    }
  }
  std::string out = headline(sweep) + "\n\n";
  out += sweep.options.mode == Mode::kTrain ? training_table(sweep, outcomes)
                                            : serving_table(sweep, outcomes);
  if (!remarks.empty()) out += "\nRemarks:\n" + remarks;
  return out + fmt::format("\ndocuments: {}\n", sweep.options.out.string());
}

OrderedJson result_json(const Sweep& sweep, const std::vector<PointOutcome>& outcomes) {
  OrderedJson out = head_json(sweep);
  out["complete"] = is_complete(outcomes);
  out["points"] = OrderedJson::array();
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    const PointOutcome& outcome = outcomes[i];
    OrderedJson row = point_head(sweep, sweep.points[i], status_text(outcome));
    if (outcome.status) row["kept"] = outcome.kept;
    if (!outcome.reason.empty()) row["reason"] = outcome.reason;
    if (outcome.document && outcome.document->largest_microbatch) {
      row["largest_microbatch"] = *outcome.document->largest_microbatch;
    }
    if (outcome.status == PointStatus::kOk && outcome.document) {
      const PointDocument& point = *outcome.document;
      const Figures figures = figures_of(point);
      row["evidence"] = to_string(point.evidence);
      row["forward_s"] = figures.forward_s;
      row["backward_s"] = figures.backward_s;
      row["update_s"] = figures.update_s;
      row["noise"] = figures.noise;
      if (figures.peak_memory_bytes > 0) row["peak_memory_bytes"] = figures.peak_memory_bytes;
      if (point.stopping && !point.stopping->unmet.empty()) row["unmet"] = point.stopping->unmet;
      if (point.cross_check) {
        row["cross_check_difference"] = point.cross_check->relative_difference();
      }
    }
    if (outcome.serving) {
      row["evidence"] = to_string(outcome.serving->evidence);
      row["failures"] = outcome.serving->failures.size();
    }
    out["points"].push_back(std::move(row));
  }
  return out;
}

bool is_complete(const std::vector<PointOutcome>& outcomes) {
  return std::all_of(outcomes.begin(), outcomes.end(), [](const PointOutcome& one) {
    return one.status == PointStatus::kOk || one.status == PointStatus::kOutOfMemory;
  });
}

}  // namespace sextant::profiler
