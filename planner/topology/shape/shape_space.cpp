#include "planner/topology/shape/shape_space.h"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "planner/topology/shape/mappings.h"

namespace sextant::shapes {

namespace {

using TierChoice = std::vector<std::size_t>;

[[noreturn]] void refuse_count() {
  throw_bad_input(fmt::format(
      "the search has more than {} shapes; allow fewer dimensions or tiers, or smaller ones",
      kMostShapes));
}

/// Products of tiers' sizes that make up the NPUs, and how far those come that do not.
class Factorizations {
 public:
  Factorizations(const std::vector<ShapeTier>& tiers, int most_dimensions, int npus)
      : tiers_(tiers), most_dimensions_(static_cast<std::size_t>(most_dimensions)), npus_(npus) {
    for (int divisor = 2; divisor <= npus; ++divisor) {
      if (npus % divisor == 0) divisors_.push_back(divisor);
    }
    extend(0, npus);
  }

  /// Tier choices by the number of dimensions and their sizes.
  const std::map<std::pair<std::size_t, std::vector<int>>, std::vector<TierChoice>>& found() const {
    return found_;
  }
  /// The largest divisor of the NPUs that the limits allow.
  int largest() const { return largest_; }

 private:
  void extend(std::size_t tier, int left) {
    largest_ = std::max(largest_, npus_ / left);
    if (left == 1) {
      if (++count_ > kMostShapes) refuse_count();
      found_[{sizes_.size(), sizes_}].push_back(choice_);
      return;
    }
    if (tier == tiers_.size() || sizes_.size() == most_dimensions_) return;
    // Of tiers that are listed twice, the first is used first.
    const bool repeats = tier > 0 && tiers_[tier] == tiers_[tier - 1];
    const bool skipped = choice_.empty() || choice_.back() + 1 != tier;
    if (!(repeats && skipped)) {
      const int most = tiers_[tier].most_npus > 0 ? tiers_[tier].most_npus : npus_;
      for (const int size : divisors_) {
        if (size > most || size > left) break;
        if (left % size != 0) continue;
        sizes_.push_back(size);
        choice_.push_back(tier);
        extend(tier + 1, left / size);
        sizes_.pop_back();
        choice_.pop_back();
      }
    }
    extend(tier + 1, left);
  }

  const std::vector<ShapeTier>& tiers_;
  std::size_t most_dimensions_;
  int npus_;
  std::vector<int> divisors_;
  std::vector<int> sizes_;
  TierChoice choice_;
  std::size_t count_ = 0;
  int largest_ = 1;
  std::map<std::pair<std::size_t, std::vector<int>>, std::vector<TierChoice>> found_;
};

std::string list_of(const std::vector<ShapeTier>& tiers) {
  std::vector<std::string> parts;
  for (const ShapeTier& tier : tiers) {
    parts.push_back(tier.most_npus > 0 ? fmt::format("{} at most {}", tier.name, tier.most_npus)
                                       : fmt::format("{} any number", tier.name));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

[[noreturn]] void refuse_sizes(const ShapeProblem& problem, int npus, int largest) {
  const auto tiers = static_cast<int>(problem.tiers.size());
  if (problem.most_dimensions < tiers) {
    const Factorizations more(problem.tiers, tiers, npus);
    if (!more.found().empty()) {
      throw_infeasible(
          fmt::format("no network of at most {} dimensions has {} NPUs with tiers of "
                      "these sizes: {}; it takes {} dimensions",
                      problem.most_dimensions, npus, list_of(problem.tiers),
                      more.found().begin()->first.first));
    }
  }
  throw_infeasible(fmt::format(
      "no network has {} NPUs with tiers of these sizes: {}; the largest divisor of {} that they "
      "reach is {}",
      npus, list_of(problem.tiers), npus, largest));
}

/// Leaves out choices whose tiers cannot carry the budget. Returns the most that one of them can.
double keep_those_that_carry(const ShapeProblem& problem, std::vector<TierChoice>& choices) {
  double most = 0;
  std::erase_if(choices, [&](const TierChoice& choice) {
    double sum = 0;
    for (const std::size_t tier : choice) sum += shapes::most_bytes_per_s(problem.tiers[tier]);
    most = std::max(most, sum);
    return sum < problem.total_bytes_per_s;
  });
  return most;
}

}  // namespace

double most_bytes_per_s(const ShapeTier& tier) {
  return tier.most_bytes_per_s.value_or(std::numeric_limits<double>::infinity());
}

std::vector<SizedNetworks> shape_space(const ShapeProblem& problem, int npus) {
  const Factorizations factorizations(problem.tiers, problem.most_dimensions, npus);
  if (factorizations.found().empty()) refuse_sizes(problem, npus, factorizations.largest());
  std::vector<SizedNetworks> space;
  double carried = 0;
  std::size_t shapes = 0;
  for (const auto& [key, choices] : factorizations.found()) {
    SizedNetworks networks{key.second, choices, {}};
    carried = std::max(carried, keep_those_that_carry(problem, networks.tiers));
    if (networks.tiers.empty()) continue;
    networks.mappings = mappings(networks.sizes, problem.groups, problem.placement, kMostShapes);
    shapes += networks.tiers.size() * networks.mappings.size();
    if (shapes > kMostShapes) refuse_count();
    space.push_back(std::move(networks));
  }
  if (space.empty()) {
    throw_infeasible(
        fmt::format("{:g} GB/s for each NPU are more than the {:g} GB/s that the tiers "
                    "of any network of {} NPUs carry",
                    problem.total_bytes_per_s / 1e9, carried / 1e9, npus));
  }
  if (shapes == 0) {
    std::vector<std::string> groups;
    for (const ParallelGroup& group : problem.groups) {
      groups.push_back(fmt::format("{} {}", group.name, group.npus));
    }
    throw_infeasible(
        fmt::format("groups of {} fit no network of {} NPUs with tiers of these "
                    "sizes: {}",
                    fmt::join(groups, " x "), npus, list_of(problem.tiers)));
  }
  return space;
}

}  // namespace sextant::shapes
