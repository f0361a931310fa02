#include "reproduce/helix_report.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant {

namespace {

const HelixRow* find_row(const std::vector<HelixRow>& rows, std::string_view method) {
  const auto found = std::find_if(rows.begin(), rows.end(), [&](const HelixRow& row) {
    return row.method.name == method && row.ok();
  });
  return found == rows.end() ? nullptr : &*found;
}

/// What the others are compared with; none where it was not asked for or failed.
const HelixRow* reference_of(const std::vector<HelixRow>& rows) {
  const HelixRow* helix = find_row(rows, "helix");
  return helix != nullptr ? helix : find_row(rows, "helix-own-split");
}

/// Of all systems; nothing where one of them has none.
std::optional<double> flow_of(const HelixMethod& method) {
  double sum = 0;
  for (const HelixSystem& system : method.systems) {
    if (!system.flow_tokens_per_s) return std::nullopt;
    sum += *system.flow_tokens_per_s;
  }
  return sum;
}

/// Likewise: where machines hold more layers than their profiles have, the bound is of others.
std::optional<double> bound_of(const HelixMethod& method) {
  if (!flow_of(method)) return std::nullopt;
  double sum = 0;
  for (const HelixSystem& system : method.systems) sum += system.bound_tokens_per_s;
  return sum;
}

std::string node_name(const HelixSystem& system, const ServedNode& node) {
  return system.machine_type.empty() ? node.name : system.machine_type + "/" + node.name;
}

OrderedJson placement_json(const HelixMethod& method) {
  OrderedJson out = OrderedJson::object();
  for (const HelixSystem& system : method.systems) {
    for (const ServedNode& node : system.network.nodes) {
      out[node_name(system, node)] = {node.layers.first, node.layers.end};
    }
  }
  return out;
}

OrderedJson queues_json(const HelixRow& row) {
  OrderedJson out = OrderedJson::object();
  for (std::size_t s = 0; s < row.method.systems.size(); ++s) {
    const HelixSystem& system = row.method.systems[s];
    const std::vector<ServedNodeLoad>& loads = row.outcome.nodes[s];
    for (std::size_t n = 0; n < loads.size(); ++n) {
      out[node_name(system, system.network.nodes[n])] = loads[n].mean_queue;
    }
  }
  return out;
}

std::string number(double value, int decimals) {
  return fmt::format("{:.{}f}", value, decimals);
}

HelixAgreement agreement_of(const HelixRow& row) {
  return agreement(*row.published, row.outcome.decode_tokens_per_s, row.outcome.prompt_latency_s,
                   row.outcome.decode_latency_s);
}

std::string agreement_text(const std::vector<HelixRow>& rows) {
  HelixAgreement all;
  for (const HelixRow& row : rows) {
    if (!row.ok() || !row.is_published()) continue;
    const HelixAgreement one = agreement_of(row);
    all.figures += one.figures;
    all.equal += one.equal;
  }
  if (all.figures == 0) return "";
  return fmt::format("{} of {} published figures are met to the printed digit.\n", all.equal,
                     all.figures);
}

std::string gain_text(const std::vector<HelixRow>& rows, const HelixExperiment& experiment) {
  const HelixRow* helix = reference_of(rows);
  std::string text;
  for (const HelixRow& row : rows) {
    if (helix == nullptr || !row.method.ours || !row.ok()) continue;
    text += fmt::format(
        "{} against {}: decode throughput {:+.1f} %", row.method.name, helix->method.name,
        100 * (row.outcome.decode_tokens_per_s / helix->outcome.decode_tokens_per_s - 1));
    if (experiment.online) {
      for (const std::size_t p : {std::size_t{2}, std::size_t{4}}) {
        const auto change = [&](const LatencyPercentiles& ours, const LatencyPercentiles& theirs) {
          return 100 * (ours[p] / theirs[p] - 1);
        };
        text += fmt::format(", {} of prompts {:+.1f} % and of decode steps {:+.1f} %",
                            kLatencyPercentiles[p].name,
                            change(row.outcome.prompt_latency_s, helix->outcome.prompt_latency_s),
                            change(row.outcome.decode_latency_s, helix->outcome.decode_latency_s));
      }
    }
    text += ".\n";
  }
  return text;
}

}  // namespace

OrderedJson to_json(const HelixRow& row, const HelixExperiment& experiment, bool timing) {
  OrderedJson out = {{"method", row.method.name},
                     {"status", row.ok() ? "ok" : "infeasible"},
                     {"evidence", kHelixEvidence}};
  if (row.ok()) {
    out["decode_tokens_per_s"] = row.outcome.decode_tokens_per_s;
    out["prompt_latency_s"] = to_json(row.outcome.prompt_latency_s);
    out["decode_latency_s"] = to_json(row.outcome.decode_latency_s);
    out["finished_requests"] = row.outcome.finished;
    out["rejected_requests"] = row.outcome.rejected;
  } else {
    out["reason"] = row.outcome.failure;
  }
  if (!row.method.systems.empty()) {
    double offered = 0;
    int initial = 0;
    for (const HelixSystem& system : row.method.systems) {
      offered += system.load.tokens_per_s;
      initial += system.load.initial_requests;
    }
    if (experiment.online) {
      out["offered_tokens_per_s"] = offered;
    } else {
      out["initial_requests"] = initial;
    }
    if (const auto flow = flow_of(row.method)) out["flow_tokens_per_s"] = *flow;
    if (const auto bound = bound_of(row.method)) out["upper_bound_tokens_per_s"] = *bound;
    out["placement"] = placement_json(row.method);
  }
  if (row.method.ours) {
    out["evaluations"] = row.method.evaluations;
    out["complete"] = row.method.complete;
    if (timing) out["search_s"] = row.method.search_s;
  }
  if (timing) out["simulate_s"] = row.outcome.simulate_s;
  if (row.ok() && experiment.study == HelixExperiment::Study::kScheduling) {
    OrderedJson queues = queues_json(row);
    if (!queues.empty()) out["mean_queue"] = std::move(queues);
  }
  if (row.published) out["published"] = to_json(*row.published);
  return out;
}

OrderedJson helix_summary(const std::vector<HelixRow>& rows, const HelixExperiment& experiment) {
  const HelixRow* helix = reference_of(rows);
  OrderedJson out = OrderedJson::array();
  for (const HelixRow& row : rows) {
    if (!row.ok()) continue;
    OrderedJson one = {{"method", row.method.name}};
    if (helix != nullptr) {
      one["relative_to"] = helix->method.name;
      one["decode_throughput"] =
          row.outcome.decode_tokens_per_s / helix->outcome.decode_tokens_per_s;
      if (experiment.online) {
        for (const std::size_t p : {std::size_t{2}, std::size_t{4}}) {
          const char* name = kLatencyPercentiles[p].name;
          one[fmt::format("prompt_latency_{}", name)] =
              row.outcome.prompt_latency_s[p] / helix->outcome.prompt_latency_s[p];
          one[fmt::format("decode_latency_{}", name)] =
              row.outcome.decode_latency_s[p] / helix->outcome.decode_latency_s[p];
        }
      }
    }
    if (row.is_published()) {
      const HelixAgreement met = agreement_of(row);
      one["published_figures"] = met.figures;
      one["published_figures_met"] = met.equal;
    }
    out.push_back(std::move(one));
  }
  return out;
}

std::string helix_latencies_csv(const std::vector<HelixRow>& rows) {
  std::string text = "method,kind,latency_s\n";
  for (const HelixRow& row : rows) {
    for (const double latency : row.outcome.prompt_samples_s) {
      text += fmt::format("{},prompt,{}\n", row.method.name, latency);
    }
    for (const double latency : row.outcome.decode_samples_s) {
      text += fmt::format("{},decode,{}\n", row.method.name, latency);
    }
  }
  return text;
}

std::string helix_csv(const std::vector<HelixRow>& rows, bool timing) {
  std::string text = "method,status,decode_tokens_per_s";
  for (const char* kind : {"prompt", "decode"}) {
    for (const LatencyPercentile& percentile : kLatencyPercentiles) {
      text += fmt::format(",{}_latency_{}_s", kind, percentile.name);
    }
  }
  text +=
      ",finished_requests,rejected_requests,flow_tokens_per_s,upper_bound_tokens_per_s,search_s,"
      "simulate_s,published_method,published_decode_tokens_per_s\n";
  for (const HelixRow& row : rows) {
    const HelixOutcome& outcome = row.outcome;
    const bool ok = row.ok();
    text += fmt::format("{},{},{}", csv_field(row.method.name), ok ? "ok" : "infeasible",
                        ok ? fmt::format("{}", outcome.decode_tokens_per_s) : "");
    for (const LatencyPercentiles* latencies :
         {&outcome.prompt_latency_s, &outcome.decode_latency_s}) {
      for (const double latency : *latencies) {
        text += ok ? fmt::format(",{}", latency) : ",";
      }
    }
    const auto flow = flow_of(row.method);
    const bool placed = !row.method.systems.empty();
    text += fmt::format(",{},{},{},{},{},{},{},{}\n", ok ? fmt::format("{}", outcome.finished) : "",
                        ok ? fmt::format("{}", outcome.rejected) : "",
                        placed && flow ? fmt::format("{}", *flow) : "",
                        placed && flow ? fmt::format("{}", *bound_of(row.method)) : "",
                        timing && row.method.ours ? fmt::format("{}", row.method.search_s) : "",
                        timing ? fmt::format("{}", outcome.simulate_s) : "",
                        row.published ? csv_field(row.published->method) : "",
                        row.published ? fmt::format("{}", row.published->decode_tokens_per_s) : "");
  }
  return text;
}

std::string helix_table(const std::vector<HelixRow>& rows, const HelixExperiment& experiment,
                        bool timing) {
  using Align = Table::Align;
  std::vector<Table::Column> columns = {{"method", Align::kLeft},
                                        {"decode tokens/s"},
                                        {"published"},
                                        {"over Helix"},
                                        {"prompt p50"},
                                        {"p95"},
                                        {"decode p50"},
                                        {"p95"},
                                        {"flow"},
                                        {"bound"},
                                        {"finished"},
                                        {"rejected"}};
  if (timing) {
    columns.push_back({"searched in"});
    columns.push_back({"simulated in"});
  }
  Table table(columns);
  const HelixRow* helix = reference_of(rows);
  std::string failures;
  for (const HelixRow& row : rows) {
    if (!row.ok()) {
      failures += fmt::format("{}: {}.\n", row.method.name, row.outcome.failure);
      continue;
    }
    const HelixOutcome& outcome = row.outcome;
    const auto flow = flow_of(row.method);
    std::vector<std::string> cells = {
        row.method.name,
        number(outcome.decode_tokens_per_s, 1),
        row.is_published() ? number(row.published->decode_tokens_per_s, 1) : "",
        helix == nullptr ? ""
                         : fmt::format("{:.3f}x", outcome.decode_tokens_per_s /
                                                      helix->outcome.decode_tokens_per_s),
        format_seconds(outcome.prompt_latency_s[2]),
        format_seconds(outcome.prompt_latency_s[4]),
        format_seconds(outcome.decode_latency_s[2]),
        format_seconds(outcome.decode_latency_s[4]),
        flow ? number(*flow, 1) : "-",
        flow ? number(*bound_of(row.method), 1) : "-",
        fmt::format("{}", outcome.finished),
        fmt::format("{}", outcome.rejected)};
    if (timing) {
      cells.push_back(row.method.ours ? format_seconds(row.method.search_s) : "");
      cells.push_back(format_seconds(outcome.simulate_s));
    }
    table.add_row(cells);
  }
  return table.text() + '\n' + failures + agreement_text(rows) + gain_text(rows, experiment);
}

}  // namespace sextant
