// Every recorded problem of LIBRA's optimizer, and Table VI.
#include "reproduce/libra_optimizer.h"

#include <algorithm>
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "reproduce/libra_problems.h"
#include "tests/support/reference_data.h"
#include "tests/support/schema_check.h"

namespace sextant {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(LibraOptimizer, ReachesEveryRecordedOptimum) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  const std::vector<LibraProblem> problems = read_libra_problems(data);
  EXPECT_EQ(problems.size(), 240U);
  for (const LibraSolution& solution : solve_libra_problems(problems, data)) {
    SCOPED_TRACE(solution.problem.name());
    EXPECT_LT(solution.relative_error(), 1e-9);
    EXPECT_GT(solution.relative_error(), -1e-7);  // records are not exact to the last digit
    EXPECT_LT(solution.kkt_residual, 1e-8);
    EXPECT_GE(solution.gain_over_equal, 1);
    if (solution.problem.target == BandwidthTarget::kTime) {
      EXPECT_NEAR(solution.objective, solution.time_s * 1e9, 1e-3);
    } else {
      EXPECT_NEAR(solution.objective / (solution.time_s * 1e9 * solution.cost_usd), 1, 1e-12);
    }
  }
}

TEST(LibraOptimizer, PrintsTable6) {
  const auto data = reference_data("libra");
  SEXTANT_NEEDS(data);
  ReproduceOptions options;
  options.artifact_dir = data;
  options.timing = false;
  const Reproduction table6 = reproduce_libra_optimizer("table6", options);
  ASSERT_EQ(table6.rows.size(), 4U);
  std::map<std::string, std::vector<double>> divided;
  int descents = 0;
  for (const OrderedJson& row : table6.rows) {
    const std::string name =
        row.at("workload").get<std::string>() + " " + row.at("loop").get<std::string>();
    divided[name] = row.at("bandwidth_gb_per_s").get<std::vector<double>>();
    EXPECT_EQ(row.at("total_gb_per_s"), 325);
    EXPECT_NEAR(
        row.at("objective").get<double>() / row.at("published").at("objective").get<double>(), 1,
        1e-9);
    if (!row.at("published").contains("descent")) continue;
    ++descents;
    const OrderedJson& descent = row.at("published").at("descent");
    EXPECT_EQ(descent.at("steps"), 500'000);
    EXPECT_NEAR(descent.at("objective").get<double>() / row.at("objective").get<double>() - 1,
                8.384e-7, 1e-9);
  }
  EXPECT_EQ(descents, 1);
  const auto near = [](double value) { return ::testing::DoubleNear(value, 1e-4); };
  EXPECT_THAT(divided["175B NoOverlap"],
              ElementsAre(near(137.9852), near(120.7370), near(58.9136), near(7.3642)));
  EXPECT_THAT(divided["1T NoOverlap"],
              ElementsAre(near(140.4616), near(122.9039), near(15.3630), near(46.2715)));
  EXPECT_THAT(divided["175B Overlap"],
              ElementsAre(near(125.2173), near(109.5651), near(80.1934), near(10.0242)));
  EXPECT_THAT(divided["1T Overlap"],
              ElementsAre(near(139.7632), near(122.2928), near(15.2866), near(47.6574)));
  EXPECT_EQ(testing::SchemaCheck("reproduction").problems(to_json(table6, false).dump()), "");
  EXPECT_THAT(table6.text, HasSubstr("500000 steps of gradient descent end 8.4e-07 above"));
  EXPECT_THAT(table6.text, Not(HasSubstr("solved in")));
  EXPECT_THAT(table6.plot_svg, HasSubstr("Package"));
  EXPECT_EQ(std::count(table6.csv.begin(), table6.csv.end(), '\n'), 5);
}

}  // namespace
}  // namespace sextant
