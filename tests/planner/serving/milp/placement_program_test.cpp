#include "planner/serving/milp/placement_program.h"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/flow/placement_flow.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/planner/serving/milp/small_placement_problem.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

using testing::SmallPlacementProblem;

/// What makes these values no solution; "" for one.
std::string violation(const MixedIntegerProgram& program, const std::vector<double>& values) {
  constexpr double kTolerance = 1e-9;
  for (std::size_t c = 0; c < values.size(); ++c) {
    if (values[c] < program.lower[c] || values[c] > program.upper[c] ||
        (program.integer[c] != 0 && values[c] != std::round(values[c]))) {
      return program.column_names[c] + " = " + std::to_string(values[c]);
    }
  }
  for (std::size_t r = 0; r < program.row_names.size(); ++r) {
    double sum = 0;
    for (auto t = program.row_start[r]; t < program.row_start[r + 1]; ++t) {
      const auto term = static_cast<std::size_t>(t);
      sum += program.term_value[term] * values[static_cast<std::size_t>(program.term_column[term])];
    }
    if (sum < program.row_lower[r] - kTolerance || sum > program.row_upper[r] + kTolerance) {
      return program.row_names[r] + ": " + std::to_string(sum);
    }
  }
  return "";
}

double objective(const MixedIntegerProgram& program, const std::vector<double>& values) {
  double sum = 0;
  for (std::size_t c = 0; c < values.size(); ++c) sum += program.cost[c] * values[c];
  return sum;
}

/// Both forms of everything, by the bits of a number.
struct Case {
  explicit Case(int bits)
      : partial_inference((bits & 1) != 0),
        form{(bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0} {}
  bool partial_inference;
  PlacementProgramForm form;
};
constexpr int kCases = 16;

TEST(PlacementProgram, AnyPlacementIsASolutionWithItsFlow) {
  for (int bits = 0; bits < kCases; ++bits) {
    const Case c(bits);
    Random random(3);
    int flows = 0;
    for (int i = 0; i < 200; ++i) {
      SCOPED_TRACE(::testing::Message() << "case " << bits << ", placement " << i);
      SmallPlacementProblem small(5, 7, static_cast<std::uint64_t>(i / 20));
      small.problem.partial_inference = c.partial_inference;
      const PlacementProgram program(small.problem, c.form);
      const Placement placement = small.draw(random, c.form.allow_unused);
      const std::vector<double> values = program.values(placement);
      EXPECT_EQ(violation(program.program(), values), "");
      EXPECT_EQ(program.placement(values), placement);
      const double flow = placement_flow(small.cluster, small.profiles, small.problem.throughput,
                                         placement, c.partial_inference);
      EXPECT_NEAR(objective(program.program(), values), flow, 1e-9);
      if (flow > 0) ++flows;
      if (HasFailure()) return;
    }
    EXPECT_GT(flows, 3);
  }
}

TEST(PlacementProgram, WhatIsNoPlacementViolatesIt) {
  for (int bits = 0; bits < kCases; ++bits) {
    SCOPED_TRACE(bits);
    const Case c(bits);
    SmallPlacementProblem small(3, 6, 1);
    small.problem.partial_inference = c.partial_inference;
    const PlacementProgram program(small.problem, c.form);
    const auto column = [&](const std::string& name) {
      const auto& names = program.program().column_names;
      const auto found = std::find(names.begin(), names.end(), name);
      EXPECT_NE(found, names.end()) << name;
      return static_cast<std::size_t>(found - names.begin());
    };
    const std::vector<double> values = program.values({{0, 2}, {2, 4}, {3, 6}});
    ASSERT_EQ(violation(program.program(), values), "");
    const auto changed = [&](const std::string& name, double value) {
      std::vector<double> other = values;
      other[column(name)] = value;
      return violation(program.program(), other);
    };
    EXPECT_NE(changed("d_1_0", 1), "") << "1 ends behind where 0 begins";
    EXPECT_NE(changed("d_0_2", 1), "") << "2 begins behind where 0 ends";
    EXPECT_EQ(changed("d_1_2", 1) == "", c.partial_inference) << "1 ends amid 2";
    EXPECT_NE(changed("d_source_1", 1), "");
    EXPECT_NE(changed("d_1_sink", 1), "");
    EXPECT_NE(changed("s_2", 4), "") << "2 would end behind the last layer";
    EXPECT_NE(changed("b_0_1", 1), "") << "two numbers of layers";
    if (!c.form.allow_unused) {
      EXPECT_NE(changed("b_0_2", 0), "") << "0 would hold nothing";
    }
    EXPECT_NE(changed("f_source_0", 1e6), "");
    if (!c.form.remove_redundant) {
      EXPECT_NE(changed("d_source_0", 0), "") << "0 begins with the first layer";
      EXPECT_NE(changed("d_2_sink", 0), "") << "2 ends with the last";
    }
  }
}

TEST(PlacementProgram, MachinesLeftOutOfAStartGetTheFirstLayer) {
  SmallPlacementProblem small(3, 6, 1);
  const PlacementProgram program(small.problem, {});
  const std::vector<double> values = program.values({{0, 3}, {}, {3, 6}});
  EXPECT_EQ(violation(program.program(), values), "");
  EXPECT_EQ(program.placement(values), (Placement{{0, 3}, {0, 1}, {3, 6}}));
}

TEST(PlacementProgram, RefusesAStartThatItDoesNotHave) {
  SmallPlacementProblem small(3, 6, 1);
  const PlacementProgram program(small.problem, {});
  EXPECT_THROW(program.values({{0, 3}, {3, 6}}), Error);           // of fewer machines
  EXPECT_THROW(program.values({{0, 3}, {0, 4}, {3, 6}}), Error);   // more than it can hold
  EXPECT_THROW(program.values({{0, 3}, {0, 3}, {3, 7}}), Error);   // behind the last layer
  EXPECT_THROW(program.values({{-1, 2}, {0, 3}, {3, 6}}), Error);  // before the first
}

TEST(PlacementProgram, NamesTheMachineThatMustHoldALayerAndCannot) {
  SmallPlacementProblem small(3, 6, 1);
  small.profiles.types[1].max_layers = 0;
  try {
    const PlacementProgram program(small.problem, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kInfeasible);
    EXPECT_NE(std::string(error.what()).find("machine1"), std::string::npos);
  }
  PlacementProgramForm form;
  form.allow_unused = true;
  const PlacementProgram program(small.problem, form);
  EXPECT_EQ(violation(program.program(), program.values({{0, 3}, {}, {3, 6}})), "");
}

struct Size {
  std::string model;
  std::string cluster;
  int rows;
  int columns;
  std::size_t terms;  ///< 0: not recorded
};

TEST(PlacementProgram, HasThePublishedSizes) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  for (const Size& size :
       {Size{"llama70b", "clusters/single/cluster24.ini", 1848, 1376, 13960},
        Size{"llama70b", "placements/geo/layout_llama70b/ilp/pruned_cluster.ini", 1122, 876, 8326},
        Size{"llama30b", "clusters/ablation/cluster10.ini", 350, 316, 3002},
        Size{"llama70b", "clusters/highhet/cluster42.ini", 5502, 4004, 0}}) {
    SCOPED_TRACE(size.cluster);
    const ServingProfiles profiles = read_helix_profiles(data, size.model);
    const ServingCluster cluster =
        read_helix_cluster(data / size.cluster, data / "clusters/single/machine_profiles.ini");
    const PlacementProblem problem = placement_problem(cluster, profiles);
    const PlacementProgram program(problem, {});
    EXPECT_EQ(program.program().rows(), size.rows);
    EXPECT_EQ(program.program().columns(), size.columns);
    if (size.terms == 0) continue;
    EXPECT_EQ(program.program().term_value.size(), size.terms);
  }
}

TEST(PlacementProgram, HasThePublishedCoefficients) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  const ServingProfiles profiles = read_helix_profiles(data, "llama70b");
  const ServingCluster cluster = read_helix_cluster(data / "clusters/single/cluster24.ini",
                                                    data / "clusters/single/machine_profiles.ini");
  const PlacementProblem problem = placement_problem(cluster, profiles);
  const auto largest = [&](bool tighten) {
    PlacementProgramForm form;
    form.tighten = tighten;
    double value = 0;
    const PlacementProgram program(problem, form);
    for (const double term : program.program().term_value) {
      value = std::max(value, std::abs(term));
    }
    return value;
  };
  EXPECT_EQ(largest(false), 5e8);    // 10^9 bytes per second in tokens of 2
  EXPECT_LT(largest(true), 25'000);  // what an A100 does with one layer
}

}  // namespace
}  // namespace sextant
