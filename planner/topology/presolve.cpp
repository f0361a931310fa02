#include "planner/topology/presolve.h"

#include <Eigen/Dense>
#include <algorithm>
#include <cmath>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/topology/constraints.h"

namespace sextant {

namespace {

using Relation = BandwidthConstraint::Relation;
using Vector = Eigen::VectorXd;

/// In the unit of the largest bound: less room than this is none, and a smaller miss is rounding.
constexpr double kNoRoom = 1e-8;
/// A share of what keeps the room small.
constexpr double kPresses = 1e-6;
/// In the same unit: further out than any bounded problem reaches.
constexpr double kHuge = 1e4;

/// The constraint as rows in `unit`, scaled to a largest coefficient of one; kAtLeast is negated.
WeightedProgram::Row row_of(const BandwidthConstraint& constraint, double unit) {
  const double sign = constraint.relation == Relation::kAtLeast ? -1 : 1;
  const double scale = sign / largest_coefficient(constraint);
  WeightedProgram::Row row;
  for (const double a : constraint.coefficients) row.coefficients.push_back(scale * a);
  row.bound = scale * constraint.bound_bytes_per_s / unit;
  return row;
}

/// Rows of equalities of which none follows from the others, and the nearest point to zero that
/// satisfies them.
class Equalities {
 public:
  explicit Equalities(std::size_t dimensions) : point_(Vector::Zero(Eigen::Index(dimensions))) {}

  enum class Added { kIndependent, kImplied, kContradicts };
  Added add(const WeightedProgram::Row& row) {
    Vector rest = Eigen::Map<const Vector>(row.coefficients.data(), point_.size());
    const double size = rest.norm();
    const double off = row.bound - rest.dot(point_);
    for (const Vector& direction : directions_) rest -= rest.dot(direction) * direction;
    if (rest.norm() <= kNoRoom * size) {
      return std::abs(off) <= kNoRoom * size ? Added::kImplied : Added::kContradicts;
    }
    directions_.push_back(rest / rest.norm());
    const Vector& added = directions_.back();
    const Vector given = Eigen::Map<const Vector>(row.coefficients.data(), point_.size());
    point_ += off / given.dot(added) * added;
    return Added::kIndependent;
  }
  const Vector& point() const { return point_; }

 private:
  std::vector<Vector> directions_;  ///< orthonormal
  Vector point_;
};

WeightedProgram rows_of(const std::vector<BandwidthConstraint>& constraints, double unit) {
  WeightedProgram program;
  for (const BandwidthConstraint& constraint : constraints) {
    const bool equal = constraint.relation == Relation::kEqual;
    (equal ? program.equal : program.at_most).push_back(row_of(constraint, unit));
  }
  return program;
}

struct Roomiest {
  double room = 0;                 ///< at most 1, in units; negative: a violation
  std::vector<double> x;           ///< in units
  std::vector<bool> presses;       ///< by inequality of the draft: it leaves no more
  std::vector<bool> presses_zero;  ///< by dimension: that it be >= 0 leaves no more
};

/// The point with the most room to all inequalities and to zero, on the equalities. Nothing where
/// the equalities contradict each other.
std::optional<Roomiest> roomiest(const std::vector<BandwidthConstraint>& constraints,
                                 const std::vector<bool>& nothing, double unit) {
  const std::size_t dimensions = nothing.size();
  WeightedProgram program = rows_of(constraints, unit);
  Equalities equalities(dimensions);
  std::vector<WeightedProgram::Row> independent;
  for (WeightedProgram::Row& row : program.equal) {
    const Equalities::Added added = equalities.add(row);
    if (added == Equalities::Added::kContradicts) return std::nullopt;
    if (added == Equalities::Added::kIndependent) independent.push_back(std::move(row));
  }
  program.equal = std::move(independent);
  const std::size_t inequalities = program.at_most.size();
  for (std::size_t d = 0; d < dimensions; ++d) {
    if (nothing[d]) continue;
    program.at_most.push_back({std::vector<double>(dimensions, 0), 0});
    program.at_most.back().coefficients[d] = -1;
  }
  program.at_most.push_back({std::vector<double>(dimensions, 1), kHuge});
  // The last variable is what lacks to a room of one.
  double lacks = 0;
  program.start.assign(equalities.point().data(), equalities.point().data() + dimensions);
  for (WeightedProgram::Row& row : program.at_most) {
    row.bound -= 1;
    double value = 0;
    for (std::size_t d = 0; d < dimensions; ++d) value += row.coefficients[d] * program.start[d];
    lacks = std::max(lacks, value - row.bound);
    row.coefficients.push_back(-1);
  }
  for (WeightedProgram::Row& row : program.equal) row.coefficients.push_back(0);
  program.price.assign(dimensions, 0);
  program.price.push_back(1);
  program.is_free.assign(dimensions, true);
  program.is_free.push_back(false);
  program.start.push_back(lacks + 1);
  const std::optional<WeightedSolution> solution = solve(program);
  if (!solution) throw Error(ErrorCode::kInternal, "a linear program did not converge");

  Roomiest found;
  found.room = 1 - solution->x.back();
  found.x.assign(solution->x.begin(), solution->x.end() - 1);
  std::size_t row = 0;
  while (row < inequalities) found.presses.push_back(solution->at_most[row++] > kPresses);
  for (std::size_t d = 0; d < dimensions; ++d) {
    found.presses_zero.push_back(!nothing[d] && solution->at_most[row++] > kPresses);
  }
  return found;
}

bool is_feasible(const std::vector<BandwidthConstraint>& constraints, std::size_t dimensions) {
  if (constraints.empty()) return true;
  const auto found =
      roomiest(constraints, std::vector<bool>(dimensions, false), largest_bound(constraints));
  return found && found->room >= -kNoRoom;
}

std::string texts(const std::vector<BandwidthConstraint>& constraints) {
  std::string all;
  for (const BandwidthConstraint& constraint : constraints) {
    all += (all.empty() ? "" : "; ") + constraint.text;
  }
  return all;
}

[[noreturn]] void throw_conflict(std::vector<BandwidthConstraint> constraints,
                                 std::size_t dimensions) {
  for (std::size_t j = constraints.size(); j-- > 0;) {
    std::vector<BandwidthConstraint> others = constraints;
    others.erase(others.begin() + static_cast<std::ptrdiff_t>(j));
    if (!is_feasible(others, dimensions)) constraints = std::move(others);
  }
  throw_infeasible("no bandwidths of at least 0 satisfy together: " + texts(constraints));
}

BandwidthConstraint zero(std::size_t dimension, std::size_t dimensions) {
  BandwidthConstraint constraint;
  constraint.coefficients.assign(dimensions, 0);
  constraint.coefficients[dimension] = 1;
  constraint.relation = Relation::kEqual;
  return constraint;
}

std::vector<bool> needed_dimensions(const BandwidthProblem& problem) {
  std::vector<bool> needed(problem.usd_per_byte_per_s.size(), false);
  for (const std::vector<double>& shares : problem.time.shares) {
    for (std::size_t d = 0; d < needed.size(); ++d) needed[d] = needed[d] || shares[d] > 0;
  }
  return needed;
}

/// Turns what leaves no room into equalities until there is some.
Roomiest make_room(PresolvedProblem& presolved) {
  std::vector<BandwidthConstraint>& constraints = presolved.problem.constraints;
  const std::vector<BandwidthConstraint> given = constraints;
  const std::vector<bool> needed = needed_dimensions(presolved.problem);
  const double unit = largest_bound(given);
  while (true) {
    std::optional<Roomiest> found = roomiest(constraints, presolved.nothing, unit);
    if (!found || found->room < -kNoRoom) throw_conflict(given, needed.size());
    if (found->room > kNoRoom) return std::move(*found);
    const std::size_t before = constraints.size();
    bool turned = false;
    std::size_t inequality = 0;
    for (BandwidthConstraint& constraint : constraints) {
      if (constraint.relation == Relation::kEqual) continue;
      if (!found->presses[inequality++]) continue;
      constraint.relation = Relation::kEqual;
      turned = true;
    }
    for (std::size_t d = 0; d < needed.size(); ++d) {
      if (!found->presses_zero[d]) continue;
      if (needed[d]) {
        throw_infeasible(fmt::format(
            "the workload sends through dimension {}, to which the constraints leave no "
            "bandwidth: {}",
            d, texts(given)));
      }
      presolved.nothing[d] = true;
      constraints.push_back(zero(d, needed.size()));
    }
    if (!turned && constraints.size() == before) {
      throw Error(ErrorCode::kInternal, "constraints without room and nothing that takes it");
    }
  }
}

void leave_out_implied(PresolvedProblem& presolved, std::size_t given) {
  const double unit = largest_bound(presolved.problem.constraints);
  Equalities equalities(presolved.nothing.size());
  std::vector<BandwidthConstraint> kept;
  for (std::size_t j = 0; j < presolved.problem.constraints.size(); ++j) {
    BandwidthConstraint& constraint = presolved.problem.constraints[j];
    if (constraint.relation == Relation::kEqual &&
        equalities.add(row_of(constraint, unit)) != Equalities::Added::kIndependent) {
      continue;
    }
    kept.push_back(std::move(constraint));
    presolved.origin.push_back(j < given ? std::optional(j) : std::nullopt);
  }
  presolved.problem.constraints = std::move(kept);
}

void require_bounded(const PresolvedProblem& presolved) {
  const std::vector<BandwidthConstraint>& constraints = presolved.problem.constraints;
  const std::size_t dimensions = presolved.nothing.size();
  for (std::size_t d = 0; d < dimensions; ++d) {
    const auto bounds = [&](const BandwidthConstraint& one) {
      return one.relation != Relation::kAtLeast && one.coefficients[d] > 0 &&
             std::all_of(one.coefficients.begin(), one.coefficients.end(),
                         [](double a) { return a >= 0; });
    };
    if (std::any_of(constraints.begin(), constraints.end(), bounds)) continue;
    WeightedProgram program = constraint_rows(presolved, largest_bound(constraints));
    program.price.assign(dimensions, 0);
    program.price[d] = -1 / kHuge;
    program.at_most.push_back({std::vector<double>(dimensions, 1 / kHuge), 1});
    const std::optional<WeightedSolution> most = solve(program);
    if (!most) throw Error(ErrorCode::kInternal, "a linear program did not converge");
    if (most->x[d] > kHuge / 100) {
      throw_bad_input(fmt::format(
          "nothing bounds the bandwidth of dimension {} from above: give a total or a constraint",
          d));
    }
  }
}

}  // namespace

PresolvedProblem presolve(const BandwidthProblem& problem) {
  const std::size_t dimensions = problem.usd_per_byte_per_s.size();
  PresolvedProblem presolved{problem, {}, std::vector<bool>(dimensions, false), {}};
  if (is_total_only(problem.constraints)) {
    const double total = problem.constraints.front().bound_bytes_per_s;
    if (!(total > 0)) {
      throw_infeasible(fmt::format("{}: expected more than 0", problem.constraints.front().text));
    }
    presolved.origin = {0};
    presolved.interior_bytes_per_s.assign(dimensions, total / static_cast<double>(dimensions));
    return presolved;
  }
  const double unit = largest_bound(problem.constraints);
  const Roomiest found = make_room(presolved);
  for (const double x : found.x) presolved.interior_bytes_per_s.push_back(x * unit);
  leave_out_implied(presolved, problem.constraints.size());
  require_bounded(presolved);
  return presolved;
}

WeightedProgram constraint_rows(const PresolvedProblem& presolved, double unit) {
  WeightedProgram program = rows_of(presolved.problem.constraints, unit);
  program.is_free = presolved.nothing;
  for (const double bandwidth : presolved.interior_bytes_per_s) {
    program.start.push_back(bandwidth / unit);
  }
  return program;
}

std::vector<double> constraint_multipliers(const PresolvedProblem& presolved,
                                           const WeightedSolution& solution) {
  std::vector<double> multipliers;
  std::size_t equal = 0;
  std::size_t at_most = 0;
  for (const BandwidthConstraint& constraint : presolved.problem.constraints) {
    const bool is_equal = constraint.relation == Relation::kEqual;
    multipliers.push_back((is_equal ? solution.equal[equal++] : solution.at_most[at_most++]) /
                          largest_coefficient(constraint));
  }
  return multipliers;
}

}  // namespace sextant
