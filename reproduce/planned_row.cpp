#include "reproduce/planned_row.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"

namespace sextant {

namespace {

constexpr std::string_view kBaseline = "sailor";

template <typename Value>
std::string csv_optional(const std::optional<Value>& value) {
  return value ? fmt::format("{}", *value) : "";
}

std::optional<double> positive_member(const JsonNode& row, std::string_view name) {
  const auto member = row.find(name);
  return member ? std::optional(member->positive()) : std::nullopt;
}

std::optional<double> member_from_zero(const JsonNode& row, std::string_view name) {
  const auto member = row.find(name);
  return member ? std::optional(member->non_negative()) : std::nullopt;
}

PlannedRow::Worth worth_from(const JsonNode& node) {
  return {node.at("throughput_iters_per_s").positive(), node.at("usd_per_iter").non_negative()};
}

std::string text_member(const JsonNode& row, std::string_view name) {
  const auto member = row.find(name);
  return member ? member->string() : "";
}

int int_member(const JsonNode& row, std::string_view name) {
  return static_cast<int>(row.at(name).integer(0, std::numeric_limits<int>::max()));
}

OrderedJson to_json(const PlannedRow::Published& published) {
  OrderedJson out = {{"status", published.worth ? "ok" : "infeasible"},
                     {"planner", published.planner}};
  if (published.worth) {
    out["throughput_iters_per_s"] = published.worth->iters_per_s;
    out["usd_per_iter"] = published.worth->usd_per_iter;
  }
  if (published.search_s) out["search_s"] = *published.search_s;
  out["plans_rejected_oom"] = published.plans_rejected_oom;
  return out;
}

PlannedRow::Published published_from(const JsonNode& node) {
  PlannedRow::Published out;
  out.planner = node.at("planner").name();
  if (node.at("status").one_of({"ok", "infeasible"}) == 0) out.worth = worth_from(node);
  out.search_s = member_from_zero(node, "search_s");
  out.plans_rejected_oom = int_member(node, "plans_rejected_oom");
  return out;
}

/// The published model counts microbatches by the replicas of the first stage alone.
std::string note_on(const Plan& plan, std::string_view estimator) {
  if (estimator != "sailor") return "";
  for (const Pipeline& pipeline : plan.pipelines) {
    const std::size_t first = pipeline.stages.front().replicas.size();
    for (const Stage& stage : pipeline.stages) {
      if (stage.replicas.size() == first) continue;
      return fmt::format(
          "{} replicas of the first stage and {} of another: estimator sailor counts the "
          "microbatches of the first for all",
          first, stage.replicas.size());
    }
  }
  return "";
}

void add_plan_members(const PlannedRow& row, OrderedJson& out) {
  out["throughput_iters_per_s"] = row.worth.iters_per_s;
  out["usd_per_iter"] = row.worth.usd_per_iter;
  out["peak_memory_bytes"] = row.peak_memory_bytes;
  if (row.gain_over_sailor) out["gain_over_sailor"] = *row.gain_over_sailor;
  if (row.bound_iters_per_s) out["bound_iters_per_s"] = *row.bound_iters_per_s;
  if (row.bound_usd_per_iter) out["bound_usd_per_iter"] = *row.bound_usd_per_iter;
  if (row.gap) out["gap"] = *row.gap;
  if (!row.space.empty()) out["space"] = row.space;
}

}  // namespace

int PlannedRow::gpus() const {
  int sum = 0;
  for (const auto& [pool, count] : gpus_used) sum += count;
  return sum;
}

double gain(const PlannedRow::Worth& better, const PlannedRow::Worth& worse, Objective objective) {
  return objective == Objective::kCost ? worse.usd_per_iter / better.usd_per_iter
                                       : better.iters_per_s / worse.iters_per_s;
}

std::vector<GpuCount> pools_of(std::string_view summary) {
  std::vector<GpuCount> pools;
  for (std::size_t at = 0; at <= summary.size();) {
    const std::size_t end = std::min(summary.find('+', at), summary.size());
    pools.push_back(gpu_count_from(summary.substr(at, end - at)));
    at = end + 1;
  }
  return pools;
}

PlannedRow planned_row(const PlannedJob& job, const Cluster& cluster, Objective objective,
                       bool timing) {
  PlannedRow row;
  row.cluster = cluster.summary();
  row.planner = job.planner->name();
  row.estimator = job.estimator->name();
  row.feasible = job.feasible;
  row.reason = job.reason;
  row.complete = job.search.complete;
  row.evaluations = job.search.evaluations;
  row.plans_rejected_oom = job.plans_rejected_oom;
  row.plans_rejected_constraint = job.plans_rejected_constraint;
  row.plans_not_judged = job.plans_not_judged;
  if (timing) row.search_s = job.search_s;
  if (!job.feasible) return row;
  // Zero where the planner does not note it.
  if (timing && job.search.first_plan_s > 0) row.first_plan_s = job.search.first_plan_s;
  row.worth = {job.prediction.iters_per_s(), job.prediction.usd_per_iter()};
  if (job.published) {
    row.as_published = {job.published->iters_per_s, job.published->fits,
                        std::string(job.published->by)};
  }
  row.peak_memory_bytes = job.prediction.peak_memory_bytes;
  for (const GpuUse& use : gpus_used(job.plan)) {
    row.gpus_used.emplace_back(use.gpu + "@" + use.zone, use.count);
  }
  row.plan = summary(job.plan);
  row.note = note_on(job.plan, row.estimator);
  row.artifact_plan = to_artifact_json(job.plan);
  row.bound_iters_per_s = job.search.bound_iters_per_s;
  row.bound_usd_per_iter = job.search.bound_usd_per_iter;
  row.space = job.search.space;
  const std::optional<double>& bound =
      objective == Objective::kCost ? row.bound_usd_per_iter : row.bound_iters_per_s;
  if (bound) {
    // A bound that is met may lie below the plan by a rounding.
    const double best = objective == Objective::kCost ? row.worth.usd_per_iter / *bound
                                                      : *bound / row.worth.iters_per_s;
    row.gap = std::max(0.0, best - 1);
  }
  return row;
}

void compare_with_sailor(std::vector<PlannedRow>& rows, Objective objective) {
  for (PlannedRow& row : rows) {
    if (!row.feasible || row.planner == kBaseline) continue;
    const auto baseline = std::find_if(rows.begin(), rows.end(), [&](const PlannedRow& other) {
      return other.planner == kBaseline && other.feasible && other.cluster == row.cluster &&
             other.estimator == row.estimator;
    });
    if (baseline != rows.end()) row.gain_over_sailor = gain(row.worth, baseline->worth, objective);
  }
}

OrderedJson to_json(const PlannedRow& row) {
  OrderedJson out = {{"status", row.feasible ? "ok" : "infeasible"},
                     {"cluster", row.cluster},
                     {"planner", row.planner},
                     {"estimator", row.estimator},
                     {"evidence", to_string(row.evidence)}};
  if (row.feasible) {
    add_plan_members(row, out);
  } else {
    out["reason"] = row.reason;
  }
  out["complete"] = row.complete;
  out["evaluations"] = row.evaluations;
  if (row.first_plan_s) out["first_plan_s"] = *row.first_plan_s;
  if (row.search_s) out["search_s"] = *row.search_s;
  out["plans_rejected_oom"] = row.plans_rejected_oom;
  out["plans_rejected_constraint"] = row.plans_rejected_constraint;
  if (row.feasible) {
    OrderedJson used = OrderedJson::object();
    for (const auto& [pool, count] : row.gpus_used) used[pool] = count;
    out["gpus_used"] = std::move(used);
  }
  if (row.plans_not_judged > 0) out["plans_not_judged"] = row.plans_not_judged;
  if (!row.note.empty()) out["note"] = row.note;
  if (row.as_published) {
    out["as_published"] = {{"throughput_iters_per_s", row.as_published->iters_per_s},
                           {"fits", row.as_published->fits},
                           {"by", row.as_published->by}};
  }
  if (row.published) out["published"] = to_json(*row.published);
  if (row.feasible) {
    out["plan"] = row.plan;
    if (!row.artifact_plan.is_null()) out["artifact_plan"] = row.artifact_plan;
  }
  return out;
}

PlannedRow planned_row_from(const JsonNode& row) {
  PlannedRow out;
  const JsonNode cluster = row.at("cluster");
  out.cluster = cluster.string();
  try {
    pools_of(out.cluster);
  } catch (const Error&) {
    cluster.fail("GPUs as in 64xA100-40@hall+64xV100-16@hall");
  }
  out.planner = row.at("planner").name();
  out.estimator = row.at("estimator").name();
  out.evidence = read_evidence(row.at("evidence"));
  out.feasible = row.at("status").one_of({"ok", "infeasible"}) == 0;
  out.complete = row.at("complete").boolean();
  out.evaluations = static_cast<std::uint64_t>(
      row.at("evaluations").integer(0, std::numeric_limits<std::int64_t>::max()));
  out.first_plan_s = member_from_zero(row, "first_plan_s");
  out.search_s = member_from_zero(row, "search_s");
  out.plans_rejected_oom = int_member(row, "plans_rejected_oom");
  out.plans_rejected_constraint = int_member(row, "plans_rejected_constraint");
  if (row.has("plans_not_judged")) out.plans_not_judged = int_member(row, "plans_not_judged");
  out.note = text_member(row, "note");
  if (const auto published = row.find("published")) out.published = published_from(*published);
  if (!out.feasible) {
    out.reason = row.at("reason").string();
    return out;
  }
  out.worth = worth_from(row);
  out.peak_memory_bytes = row.at("peak_memory_bytes").positive();
  for (const auto& [pool, count] : row.at("gpus_used").members()) {
    out.gpus_used.emplace_back(pool, count.count());
  }
  if (const auto as = row.find("as_published")) {
    out.as_published = {as->at("throughput_iters_per_s").positive(), as->at("fits").boolean(),
                        as->at("by").string()};
  }
  out.plan = row.at("plan").string();
  out.gain_over_sailor = positive_member(row, "gain_over_sailor");
  out.bound_iters_per_s = positive_member(row, "bound_iters_per_s");
  out.bound_usd_per_iter = member_from_zero(row, "bound_usd_per_iter");
  out.gap = member_from_zero(row, "gap");
  out.space = text_member(row, "space");
  return out;
}

std::string planned_csv(const std::vector<PlannedRow>& rows) {
  std::string text =
      "cluster,planner,estimator,status,evidence,throughput_iters_per_s,usd_per_iter,"
      "gain_over_sailor,as_published_iters_per_s,published_iters_per_s,published_usd_per_iter,"
      "published_search_s,published_plans_rejected_oom,bound_iters_per_s,"
      "bound_usd_per_iter,gap,space,complete,evaluations,first_plan_s,search_s,plans_rejected_oom,"
      "plans_rejected_constraint,peak_memory_bytes,gpus,plan,reason\n";
  for (const PlannedRow& row : rows) {
    const auto of_plan = [&](auto value) { return row.feasible ? fmt::format("{}", value) : ""; };
    const auto of_published = [&](double PlannedRow::Worth::*figure) {
      return row.published && row.published->worth
                 ? fmt::format("{}", (*row.published->worth).*figure)
                 : "";
    };
    const std::string fields[] = {
        csv_field(row.cluster),
        csv_field(row.planner),
        csv_field(row.estimator),
        row.feasible ? "ok" : "infeasible",
        std::string(to_string(row.evidence)),
        of_plan(row.worth.iters_per_s),
        of_plan(row.worth.usd_per_iter),
        csv_optional(row.gain_over_sailor),
        row.as_published ? fmt::format("{}", row.as_published->iters_per_s) : "",
        of_published(&PlannedRow::Worth::iters_per_s),
        of_published(&PlannedRow::Worth::usd_per_iter),
        row.published ? csv_optional(row.published->search_s) : "",
        row.published ? fmt::format("{}", row.published->plans_rejected_oom) : "",
        csv_optional(row.bound_iters_per_s),
        csv_optional(row.bound_usd_per_iter),
        csv_optional(row.gap),
        csv_field(row.space),
        row.complete ? "true" : "false",
        fmt::format("{}", row.evaluations),
        csv_optional(row.first_plan_s),
        csv_optional(row.search_s),
        fmt::format("{}", row.plans_rejected_oom),
        fmt::format("{}", row.plans_rejected_constraint),
        of_plan(row.peak_memory_bytes),
        of_plan(row.gpus()),
        csv_field(row.plan),
        csv_field(row.reason)};
    for (std::size_t i = 0; i < std::size(fields); ++i) text += (i == 0 ? "" : ",") + fields[i];
    text += '\n';
  }
  return text;
}

}  // namespace sextant
