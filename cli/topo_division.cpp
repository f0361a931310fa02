#include <chrono>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

/// A solved problem with what it is compared with.
struct Optimum {
  BandwidthProblem problem;
  BandwidthDivision division;
  TopoFigures figures;
  std::optional<double> equal_split;  ///< its objective; nothing where no total is known
  double solve_s = 0;
};

Optimum solve(const TopoInput& input, const DivisionQuestion& question) {
  Optimum out;
  const auto start = std::chrono::steady_clock::now();
  out.problem = bandwidth_problem(input.network, input.workloads, question);
  out.division = divide_bandwidth(out.problem);
  out.solve_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  out.figures = figures_of(input, out.division.bandwidth_bytes_per_s);
  if (const std::optional<double> total = budget_of(input.network, question)) {
    const auto dimensions = static_cast<double>(input.dimensions());
    out.equal_split =
        objective_at(out.problem, std::vector<double>(input.dimensions(), *total / dimensions));
  }
  return out;
}

bool binds(const BandwidthConstraint& constraint, const BandwidthDivision& division) {
  double scale = std::abs(constraint.bound_bytes_per_s);
  for (const double bandwidth : division.bandwidth_bytes_per_s) scale = std::max(scale, bandwidth);
  constexpr double kRounding = 1e-9;
  return slack(constraint, division.bandwidth_bytes_per_s) <= kRounding * scale;
}

std::string constraints_text(const Optimum& optimum, const ObjectiveUnit& unit) {
  Table table({{"constraint", Table::Align::kLeft},
               {"binds", Table::Align::kLeft},
               {"its bound at", Table::Align::kLeft},
               {"would save"},
               {"of the objective"}});
  for (std::size_t i = 0; i < optimum.problem.constraints.size(); ++i) {
    const BandwidthConstraint& constraint = optimum.problem.constraints[i];
    const bool bound = binds(constraint, optimum.division);
    const double gain = kBytesPerGb * optimum.division.multipliers[i];
    constexpr double kRounding = 1e-12;
    if (!bound || std::abs(gain) <= kRounding * optimum.division.objective) {
      table.add_row({constraint.text, bound ? "yes" : "no", "", "-", "-"});
      continue;
    }
    const bool less = constraint.relation == BandwidthConstraint::Relation::kAtLeast || gain < 0;
    const double saved = std::abs(gain);
    table.add_row({constraint.text, "yes", less ? "1 GB/s less" : "1 GB/s more",
                   fmt::format("{:.6g} {}", unit.per_unit * saved, unit.name),
                   fmt::format("{:.4f} %", 100 * saved / optimum.division.objective)});
  }
  return table.text();
}

std::string optimum_text(const TopoInput& input, const Optimum& optimum,
                         const DivisionQuestion& question) {
  const ObjectiveUnit unit(question);
  const BandwidthDivision& division = optimum.division;
  std::string text = inputs_text(input);
  text += target_text(question) + "\n" + figures_text(input, optimum.figures);
  text += fmt::format("objective {}", unit.text(division.objective));
  if (optimum.equal_split) {
    text += fmt::format("; the equal split is at {:.6g} times that",
                        *optimum.equal_split / division.objective);
  }
  text += division.lower_bound > 0
              ? fmt::format("\nproved: no division is below {}", unit.text(division.lower_bound))
              : "\nnot proved: the constraints hold bandwidths too far apart for doubles";
  text += fmt::format("; optimality residual {:.1e}\n", division.kkt_residual);
  text += "of equally good divisions: the cheapest\n\n";
  return text + constraints_text(optimum, unit);
}

OrderedJson optimum_json(const TopoInput& input, const Optimum& optimum,
                         const DivisionQuestion& question, bool timing) {
  const ObjectiveUnit unit(question);
  const BandwidthDivision& division = optimum.division;
  OrderedJson out = {{"schema", schema_id("bandwidth_division")},
                     {"method", "exact"},
                     {"target", to_string(question.target)},
                     {"normalised", question.normalised}};
  if (const auto total = budget_of(input.network, question)) {
    out["total_gb_per_s"] = *total / kBytesPerGb;
  }
  out.update(figures_json(input, optimum.figures));
  out["objective"] = unit.per_unit * division.objective;
  out["objective_unit"] = unit.name;
  out["lower_bound"] = unit.per_unit * division.lower_bound;
  out["kkt_residual"] = division.kkt_residual;
  if (optimum.equal_split) out["equal_split_objective"] = unit.per_unit * *optimum.equal_split;
  OrderedJson& constraints = out["constraints"] = OrderedJson::array();
  for (std::size_t i = 0; i < optimum.problem.constraints.size(); ++i) {
    const BandwidthConstraint& constraint = optimum.problem.constraints[i];
    constraints.push_back(
        {{"constraint", constraint.text},
         {"binding", binds(constraint, division)},
         {"gain_per_gb_per_s", unit.per_unit * kBytesPerGb * division.multipliers[i]}});
  }
  if (timing) out["solve_s"] = optimum.solve_s;
  return out;
}

}  // namespace

int print_division(const OptimizeArguments& arguments, const TopoInput& input,
                   const Session& session) {
  const Optimum optimum = solve(input, arguments.question);
  write_division(arguments, input, optimum.division.bandwidth_bytes_per_s);
  print(session.json ? json_text(optimum_json(input, optimum, arguments.question, session.timing))
                     : optimum_text(input, optimum, arguments.question));
  return 0;
}

}  // namespace sextant::cli
