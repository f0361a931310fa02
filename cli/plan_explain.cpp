#include "cli/plan_explain.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"

namespace sextant::cli {

namespace {

/// Gains below this are rounding.
constexpr double kNoticed = 5e-5;
/// Parts of a rival that are told, largest first.
constexpr std::size_t kMostParts = 3;

std::string_view objective_name(Objective objective) {
  switch (objective) {
    case Objective::kThroughput:
      return "throughput";
    case Objective::kCost:
      return "cost";
    case Objective::kGpus:
      return "GPUs";
  }
  return "";
}

/// "+3.1 %" of throughput, "-3.1 %" of what is to be small; "0" where it makes no difference.
std::string gain_text(Objective objective, const PlanFigures& base, const PlanFigures& other,
                      double gain) {
  if (std::abs(gain) < kNoticed) return "0";
  if (objective == Objective::kGpus && other.gpus == base.gpus) {
    return fmt::format("{:+.1f} % throughput", 100 * gain);
  }
  return fmt::format("{:+.1f} %", objective == Objective::kThroughput ? 100 * gain : -100 * gain);
}

/// A gain that was found may be exceeded where nothing is proved.
std::string found_text(const Explanation& explanation, const Change& change) {
  const std::string gain =
      gain_text(explanation.objective, explanation.figures, change.figures, change.gain);
  if (change.same_plan || change.proved) return gain;
  return gain == "0" ? "none found" : gain + " or better";
}

std::string plan_text(const Change& change) {
  return change.plan_change.empty() ? "the same plan" : change.plan_change;
}

std::string changes_text(const Explanation& explanation) {
  Table table({{"what if", Table::Align::kLeft},
               {std::string(objective_name(explanation.objective)), Table::Align::kLeft},
               {"with", Table::Align::kLeft}});
  for (const Change& change : explanation.changes) {
    table.add_row({change.what, found_text(explanation, change), plan_text(change)});
  }
  return table.text();
}

std::string nodes_text(const Explanation& explanation) {
  Table table({{"one more node", Table::Align::kLeft},
               {std::string(objective_name(explanation.objective)), Table::Align::kLeft},
               {"USD/h"},
               {"USD/iteration"},
               {"with", Table::Align::kLeft}});
  for (const Change& node : explanation.nodes) {
    const double usd = node.figures.usd_per_iter - explanation.figures.usd_per_iter;
    table.add_row({node.what, found_text(explanation, node),
                   fmt::format("{:+.2f}", node.usd_per_hour),
                   usd == 0 ? "0" : fmt::format("{:+.3g}", usd), plan_text(node)});
  }
  return table.text();
}

std::string part_text(const PartDifference& part) {
  if (part.unit == "s") {
    return fmt::format("{} {} {}", part.part, format_seconds(std::abs(part.more)),
                       part.more > 0 ? "more" : "less");
  }
  if (part.unit == "usd") return fmt::format("{} {:+.4g} USD", part.part, part.more);
  return fmt::format("{} {:+g}", part.part, part.more);
}

std::string because(const Rival& rival) {
  if (!rival.impossible.empty()) return rival.impossible;
  std::vector<std::string> texts;
  for (const PartDifference& part : rival.parts) {
    if (texts.size() < kMostParts) texts.push_back(part_text(part));
  }
  return texts.empty() ? "no part differs much" : fmt::format("{}", fmt::join(texts, ", "));
}

std::string rivals_text(const Explanation& explanation) {
  Table table({{"what came close", Table::Align::kLeft},
               {std::string(objective_name(explanation.objective)), Table::Align::kLeft},
               {"because", Table::Align::kLeft}});
  for (const Rival& rival : explanation.rivals) {
    table.add_row({rival.what,
                   rival.impossible.empty() ? gain_text(explanation.objective, explanation.figures,
                                                        rival.figures, rival.gain)
                                            : "-",
                   because(rival)});
  }
  return table.text();
}

OrderedJson figures_json(const PlanFigures& figures) {
  return {{"throughput_iters_per_s", figures.iters_per_s},
          {"usd_per_iter", figures.usd_per_iter},
          {"gpus", figures.gpus}};
}

OrderedJson change_json(const Change& change) {
  OrderedJson out = {{"what", change.what},
                     {"same_plan", change.same_plan},
                     {"gain", change.gain},
                     {"figures", figures_json(change.figures)}};
  if (!change.plan_change.empty()) out["plan_change"] = change.plan_change;
  if (!change.same_plan) out["proved"] = change.proved;
  if (!change.gpu.empty()) {
    out["gpu"] = change.gpu;
    out["zone"] = change.zone;
    out["gpus"] = change.gpus;
    out["usd_per_hour"] = change.usd_per_hour;
  }
  return out;
}

OrderedJson rival_json(const Rival& rival) {
  OrderedJson out = {
      {"what", rival.what}, {"gain", rival.gain}, {"figures", figures_json(rival.figures)}};
  OrderedJson parts = OrderedJson::array();
  for (const PartDifference& part : rival.parts) {
    parts.push_back({{"part", part.part}, {"more", part.more}, {"unit", part.unit}});
  }
  out["parts"] = std::move(parts);
  if (!rival.impossible.empty()) out["impossible"] = rival.impossible;
  return out;
}

}  // namespace

void add_explain_option(CLI::App& command, bool& explain) {
  command.add_flag("--explain", explain,
                   "Also say what binds, what came close, and what one more node would buy");
}

std::string explanation_text(const Explanation& explanation) {
  std::string text = "why this plan\n";
  for (const Binding& binding : explanation.binds) text += "  " + binding.text + "\n";
  if (!explanation.most.empty()) {
    text += fmt::format("  of the changes tried, the most would come of: {}\n", explanation.most);
  }
  if (!explanation.changes.empty()) text += "\n" + changes_text(explanation);
  if (!explanation.rivals.empty()) text += "\n" + rivals_text(explanation);
  if (!explanation.nodes.empty()) text += "\n" + nodes_text(explanation);
  text += fmt::format("planned {} times again", explanation.planned_again);
  if (explanation.left_out > 0) {
    text += fmt::format("; for {} more there was no time", explanation.left_out);
  }
  return text + "\n";
}

OrderedJson explanation_json(const Explanation& explanation) {
  OrderedJson binds = OrderedJson::array();
  for (const Binding& binding : explanation.binds) {
    binds.push_back({{"kind", binding.kind}, {"text", binding.text}, {"share", binding.share}});
  }
  OrderedJson changes = OrderedJson::array();
  for (const Change& change : explanation.changes) changes.push_back(change_json(change));
  OrderedJson nodes = OrderedJson::array();
  for (const Change& node : explanation.nodes) nodes.push_back(change_json(node));
  OrderedJson rivals = OrderedJson::array();
  for (const Rival& rival : explanation.rivals) rivals.push_back(rival_json(rival));
  OrderedJson out = {{"binds", std::move(binds)},
                     {"changes", std::move(changes)},
                     {"rivals", std::move(rivals)},
                     {"one_more_node", std::move(nodes)},
                     {"planned_again", explanation.planned_again},
                     {"left_out", explanation.left_out},
                     {"evaluations", explanation.evaluations}};
  if (!explanation.most.empty()) out["most"] = explanation.most;
  return out;
}

}  // namespace sextant::cli
