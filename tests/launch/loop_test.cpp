// launch/loop.sh from nothing, on two processes of this machine's CPU: a tiny Llama as two
// replicas, as two unequal stages under 1F1B and as two tensor-parallel ranks. Predictions are
// written first.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>
#include <sstream>

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/measured/measured_run.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;

/// The loop is meant to predict within 10 %; a machine of CI that others use meanwhile gets more.
constexpr double kGate = 0.25;

/// Runs the loop into `out` and returns the largest error of a predicted time, after everything
/// else about it was checked.
double largest_error(const std::filesystem::path& out) {
  testing::ProgramOptions options;
  options.timeout = std::chrono::minutes(10);
  std::vector<std::string> command = {source_path("launch/loop.sh"), "--bin", build_path("bin"),
                                      "--out", out};
  // Embedding, norm and head count as layers: 3/4 are two blocks before two and the head.
  std::istringstream words(
      "--device cpu --quick --planned no --estimator sextant --global-batch 32 --mbs 4 "
      "--time-limit 3 --warm-up 1 "
      "--shape one=7,1,1 --shape dp2=7,2,1 --shape pp2=3/4,1,1 --shape tp2=7,1,2");
  for (std::string word; words >> word;) command.push_back(word);
  const testing::ProgramResult loop = testing::run_program(command, options);
  EXPECT_EQ(loop.exit_code, 0) << loop.out << loop.err;
  if (loop.exit_code != 0) return 0;

  // Nothing was predicted once the plans ran.
  const std::string commands = read_file(out / "commands.txt");
  EXPECT_EQ(commands.find("simulate", commands.find("run_plan --device")), std::string::npos);

  const MeasuredRun one = read_measured(out / "measured/one.json");
  Table table({{"plan"}, {"predicted"}, {"measured"}, {"error"}});
  double largest = 0;
  for (const char* name : {"dp2", "pp2", "tp2"}) {
    SCOPED_TRACE(name);
    const JsonDocument prediction =
        JsonDocument::read(out / "predictions" / (std::string(name) + ".json"));
    const double predicted = prediction.root().at("iteration_s").number();
    const MeasuredRun run = read_measured(out / "measured" / (std::string(name) + ".json"));
    const double error = predicted / run.iteration.median_s - 1;
    table.add_row({name, format_seconds(predicted), format_seconds(run.iteration.median_s),
                   fmt::format("{:+.1f} %", 100 * error)});
    largest = std::max(largest, std::abs(error));
    EXPECT_EQ(run.incomplete, "");
    // However a plan cuts the model, it learns the same.
    EXPECT_GE(run.losses.size(), 3U);
    for (std::size_t i = 0; i < std::min<std::size_t>(3, run.losses.size()); ++i) {
      EXPECT_NEAR(run.losses[i], one.losses.at(i), 1e-4) << i;
    }
  }
  fmt::print("{}", table.text());
  return largest;
}

TEST(Loop, PredictsWhatItThenMeasures) {
  const TemporaryFolder folder;
  // Somebody else's work between profile and run is no error of the prediction: it may be repeated.
  constexpr int kAttempts = 3;
  double error = HUGE_VAL;
  for (int attempt = 0; attempt < kAttempts && error >= kGate && !HasFailure(); ++attempt) {
    error = largest_error(folder.path() / fmt::format("loop {}", attempt));
  }
  EXPECT_LT(error, kGate);
}

}  // namespace
}  // namespace sextant
