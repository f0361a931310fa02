#include "planner/serving/milp/solver_process.h"

#include <chrono>
#include <csignal>
#include <fstream>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "planner/serving/milp/milp.h"
#include "planner/serving/milp/placement_program.h"
#include "tests/planner/serving/milp/small_placement_problem.h"

namespace sextant {
namespace {

using ::testing::DoubleNear;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::SmallPlacementProblem;

/// The last of the news.
SolverNews last_of(SolverProcess& solver) {
  while (true) {
    const std::optional<SolverNews> news = solver.next(60);
    if (!news) ADD_FAILURE() << "nothing in 60 s";
    if (!news || news->kind == SolverNews::Kind::kEnd || news->kind == SolverNews::Kind::kFailure) {
      return news.value_or(SolverNews());
    }
  }
}

/// max 3 x + 2 y + z/2 with x + y <= 3.5, x - z <= 1, all in [0, 2], x and y integer.
MixedIntegerProgram small_program() {
  MixedIntegerProgram program;
  const int x = program.add_column("x", 0, 2, true, 3);
  const int y = program.add_column("y", 0, 2, true, 2);
  const int z = program.add_column("z", 0, 2, false, 0.5);
  program.add_row("sum", -MixedIntegerProgram::kInfinity, 3.5, {{x, 1}, {y, 1}});
  program.add_row("less", -MixedIntegerProgram::kInfinity, 1, {{x, 1}, {z, -1}});
  return program;
}

TEST(SolverProcess, Solves) {
  SolverProcess solver(small_program(), {});
  const SolverNews last = last_of(solver);
  EXPECT_EQ(last.text, "optimal");
  EXPECT_TRUE(last.optimal);
  EXPECT_THAT(last.values, ElementsAre(2, 1, DoubleNear(2, 1e-9)));
  EXPECT_NEAR(last.bound, 9, 1e-9);
}

TEST(SolverProcess, SaysThatThereIsNoSolution) {
  MixedIntegerProgram program = small_program();
  program.add_row("more", 5, MixedIntegerProgram::kInfinity, {{0, 1}, {1, 1}});
  SolverProcess solver(program, {});
  const SolverNews last = last_of(solver);
  EXPECT_EQ(last.text, "infeasible");
  EXPECT_TRUE(last.infeasible);
  EXPECT_TRUE(last.values.empty());
}

TEST(SolverProcess, NamesTheCallThatFailed) {
  MixedIntegerProgram program = small_program();
  program.term_column[0] = 7;  // there is no such column
  SolverProcess solver(program, {});
  const SolverNews last = last_of(solver);
  EXPECT_EQ(last.kind, SolverNews::Kind::kFailure);
  EXPECT_EQ(last.code, ErrorCode::kInternal);
  EXPECT_EQ(last.text, "HiGHS: Highs_passMip failed");
}

/// Processes that this one has started and not waited for.
std::vector<pid_t> children() {
  std::vector<pid_t> found;
  const std::string self = std::to_string(::getpid());
  std::ifstream list("/proc/" + self + "/task/" + self + "/children");
  for (pid_t child = 0; list >> child;) found.push_back(child);
  return found;
}

class DyingSolver : public ::testing::Test {
 protected:
  const SmallPlacementProblem small_{12, 20, 1};  // far from solved when the solver is ended
};

TEST_F(DyingSolver, IsAFailure) {
  const PlacementProgram program(small_.problem, {});
  SolverProcess solver(program.program(), {});
  const std::vector<pid_t> started = children();
  if (started.empty()) GTEST_SKIP() << "this system does not list children";
  for (const pid_t child : started) ::kill(child, SIGKILL);
  const SolverNews last = last_of(solver);
  EXPECT_EQ(last.kind, SolverNews::Kind::kFailure);
  EXPECT_THAT(last.text, HasSubstr("ended before"));
}

TEST_F(DyingSolver, IsLeftBehindByNobody) {
  {
    const PlacementProgram program(small_.problem, {});
    const SolverProcess solver(program.program(), {});
  }
  EXPECT_THAT(children(), ::testing::IsEmpty());
}

TEST_F(DyingSolver, TakesNoIncumbentAlong) {
  MilpOptions options;
  Random random(1);
  options.start = small_.draw(random, false);
  options.early_stop_share = 2;
  options.enough_share = 2;
  std::string failure;
  bool listed = true;
  std::thread killer([&listed] {
    for (int i = 0; i < 1000; ++i) {
      const std::vector<pid_t> started = children();
      for (const pid_t child : started) ::kill(child, SIGKILL);
      if (!started.empty()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    listed = false;
  });
  options.time_limit_s = 6;
  options.on_failure = [&failure](const std::string& text) { failure = text; };
  const PlacementResult result = place_milp(small_.problem, options);
  killer.join();
  if (!listed) GTEST_SKIP() << "this system does not list children";
  EXPECT_THAT(failure, HasSubstr("ended before"));
  EXPECT_FALSE(result.complete);
  EXPECT_FALSE(result.proved);
}

}  // namespace
}  // namespace sextant
