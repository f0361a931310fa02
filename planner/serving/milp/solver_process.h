#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <sys/types.h>
#include <vector>

#include "analyzer/core/error.h"
#include "planner/serving/milp/mixed_integer_program.h"

namespace sextant {

struct SolverSettings {
  double time_limit_s = 60;   ///< at which the solver ends by itself, if it looks at the clock
  int threads = 1;            ///< > 0
  std::vector<double> start;  ///< values of all columns; empty: none
  std::string write_problem;  ///< file to write the problem to; "" = none
};

/// What a solver tells while it works.
struct SolverNews {
  enum class Kind : std::int32_t {
    kIncumbent,  ///< values of all columns
    kBound,      ///< how far it is
    kEnd,        ///< the last: text is the status, `optimal` and `infeasible` are set
    kFailure,    ///< the last: text and code say what went wrong
  };
  Kind kind = Kind::kBound;
  double bound = MixedIntegerProgram::kInfinity;  ///< no solution has more
  std::int64_t nodes = 0;                         ///< of the search tree, so far
  bool optimal = false;
  bool infeasible = false;
  ErrorCode code = ErrorCode::kInternal;
  std::vector<double> values;
  std::string text;
};

/// HiGHS at work on a program, in a process of its own: it looks at its clock and at requests to
/// stop between long stretches only, and a process can be ended at once, with all it holds. What it
/// has found by then has been told.
class SolverProcess {
 public:
  /// Starts it. Throws Error(kUsage) where the build has no HiGHS, Error(kInternal) where no
  /// process can be made.
  SolverProcess(const MixedIntegerProgram& program, const SolverSettings& settings);
  /// Ends it.
  ~SolverProcess();
  SolverProcess(const SolverProcess&) = delete;
  SolverProcess& operator=(const SolverProcess&) = delete;

  /// The next piece of news, waiting so long at most. A solver that dies is a failure.
  std::optional<SolverNews> next(double seconds);

 private:
  bool fill(std::size_t bytes, double seconds);

  pid_t process_ = -1;
  int pipe_ = -1;
  std::string received_;
  bool ended_ = false;
};

}  // namespace sextant
