#include "planner/serving/milp/highs_solver.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"

#ifdef SEXTANT_HAS_HIGHS

#include <chrono>
#include <cmath>
#include <interfaces/highs_c_api.h>
#include <memory>
#include <mutex>

#include "analyzer/core/files.h"

namespace sextant {

namespace {

/// Every call of HiGHS returns a status; a warning leaves a result.
void check(HighsInt status, const char* call) {
  if (status == kHighsStatusError) {
    throw Error(ErrorCode::kInternal, fmt::format("HiGHS: {} failed", call));
  }
}

struct Deleter {
  void operator()(void* highs) const { Highs_destroy(highs); }
};

struct Listener {
  const std::function<void(const SolverNews&)>& tell;
  std::size_t columns;
  std::chrono::steady_clock::time_point told = {};
  std::mutex mutex = {};  ///< HiGHS does not say which of its threads call
};

// What HiGHS knows of nodes and bound on its way, sent seldom where nothing else is sent.
void listen(int kind, const char*, const HighsCallbackDataOut* data, HighsCallbackDataIn*,
            void* user) {
  auto& listener = *static_cast<Listener*>(user);
  const std::lock_guard lock(listener.mutex);
  SolverNews news;
  news.nodes = data->mip_node_count;
  news.bound = data->mip_dual_bound;
  const auto now = std::chrono::steady_clock::now();
  if (kind == kHighsCallbackMipImprovingSolution && data->mip_solution != nullptr) {
    news.kind = SolverNews::Kind::kIncumbent;
    news.values.assign(data->mip_solution, data->mip_solution + listener.columns);
  } else if (now - listener.told < std::chrono::milliseconds(200)) {
    return;
  }
  listener.told = now;
  listener.tell(news);
}

const char* status_text(HighsInt status) {
  switch (status) {
    case kHighsModelStatusOptimal:
      return "optimal";
    case kHighsModelStatusInfeasible:
    case kHighsModelStatusUnboundedOrInfeasible:
      return "infeasible";
    case kHighsModelStatusTimeLimit:
      return "time limit";
    case kHighsModelStatusSolutionLimit:
    case kHighsModelStatusIterationLimit:
      return "limit of the search tree";
    case kHighsModelStatusUnknown:
      return "unknown";
    default:
      return "no solution";
  }
}

void pass(void* highs, const MixedIntegerProgram& program) {
  const double infinity = Highs_getInfinity(highs);
  const auto finite = [infinity](std::vector<double> values) {
    for (double& value : values) {
      if (std::isinf(value)) value = std::copysign(infinity, value);
    }
    return values;
  };
  const std::vector<double> lower = finite(program.lower);
  const std::vector<double> upper = finite(program.upper);
  const std::vector<double> row_lower = finite(program.row_lower);
  const std::vector<double> row_upper = finite(program.row_upper);
  const std::vector<HighsInt> start(program.row_start.begin(), program.row_start.end());
  const std::vector<HighsInt> index(program.term_column.begin(), program.term_column.end());
  std::vector<HighsInt> integrality;
  for (const char integer : program.integer) {
    integrality.push_back(integer != 0 ? kHighsVarTypeInteger : kHighsVarTypeContinuous);
  }
  check(Highs_passMip(highs, program.columns(), program.rows(), static_cast<HighsInt>(index.size()),
                      kHighsMatrixFormatRowwise, kHighsObjSenseMaximize, 0, program.cost.data(),
                      lower.data(), upper.data(), row_lower.data(), row_upper.data(), start.data(),
                      index.data(), program.term_value.data(), integrality.data()),
        "Highs_passMip");
  for (int i = 0; i < program.columns(); ++i) {
    const std::string& name = program.column_names[static_cast<std::size_t>(i)];
    check(Highs_passColName(highs, i, name.c_str()), "Highs_passColName");
  }
  for (int i = 0; i < program.rows(); ++i) {
    const std::string& name = program.row_names[static_cast<std::size_t>(i)];
    check(Highs_passRowName(highs, i, name.c_str()), "Highs_passRowName");
  }
}

/// HiGHS takes the format from the name's ending, and does not survive a file that it cannot make.
void write_problem(void* highs, const std::filesystem::path& path) {
  std::string name = (std::filesystem::temp_directory_path() / "sextant-XXXXXX").string();
  if (::mkdtemp(name.data()) == nullptr) {
    throw_bad_input(fmt::format("cannot make {}: {}", quote(name), std::strerror(errno)));
  }
  const std::filesystem::path folder = name;
  const std::filesystem::path written = folder / ("problem" + path.extension().string());
  const HighsInt status = Highs_writeModel(highs, written.c_str());
  const std::string text = status == kHighsStatusError ? "" : read_file(written);
  std::filesystem::remove_all(folder);
  check(status, "Highs_writeModel");
  write_file_atomically(path, text);
}

}  // namespace

void require_highs() {}

void run_highs(const MixedIntegerProgram& program, const SolverSettings& settings,
               const std::function<void(const SolverNews&)>& tell) {
  const std::unique_ptr<void, Deleter> owner(Highs_create());
  void* const highs = owner.get();
  check(Highs_setBoolOptionValue(highs, "output_flag", 0), "output_flag");
  pass(highs, program);
  if (!settings.write_problem.empty()) write_problem(highs, settings.write_problem);
  check(Highs_setDoubleOptionValue(highs, "time_limit", settings.time_limit_s), "time_limit");
  check(Highs_setIntOptionValue(highs, "threads", settings.threads), "threads");
  // Optimal is to mean it.
  check(Highs_setDoubleOptionValue(highs, "mip_rel_gap", 0), "mip_rel_gap");
  check(Highs_setDoubleOptionValue(highs, "mip_abs_gap", 0), "mip_abs_gap");
  // Flows of 10^4 behind binaries: with the default 10^-6 a closed edge would let some through.
  check(Highs_setDoubleOptionValue(highs, "mip_feasibility_tolerance", 1e-9),
        "mip_feasibility_tolerance");
  if (!settings.start.empty()) {
    check(Highs_setSolution(highs, settings.start.data(), nullptr, nullptr, nullptr),
          "Highs_setSolution");
  }
  Listener listener = {tell, static_cast<std::size_t>(program.columns())};
  check(Highs_setCallback(highs, listen, &listener), "Highs_setCallback");
  for (const HighsInt kind :
       {kHighsCallbackMipImprovingSolution, kHighsCallbackMipInterrupt, kHighsCallbackMipLogging}) {
    check(Highs_startCallback(highs, kind), "Highs_startCallback");
  }
  check(Highs_run(highs), "Highs_run");

  SolverNews last;
  last.kind = SolverNews::Kind::kEnd;
  const HighsInt status = Highs_getModelStatus(highs);
  last.text = status_text(status);
  last.optimal = status == kHighsModelStatusOptimal;
  last.infeasible = status == kHighsModelStatusInfeasible;
  check(Highs_getInt64InfoValue(highs, "mip_node_count", &last.nodes), "mip_node_count");
  check(Highs_getDoubleInfoValue(highs, "mip_dual_bound", &last.bound), "mip_dual_bound");
  HighsInt primal = kHighsSolutionStatusNone;
  check(Highs_getIntInfoValue(highs, "primal_solution_status", &primal), "primal_solution_status");
  if (primal == kHighsSolutionStatusFeasible) {
    last.values.resize(static_cast<std::size_t>(program.columns()));
    std::vector<double> rows(static_cast<std::size_t>(program.rows()));
    check(Highs_getSolution(highs, last.values.data(), nullptr, rows.data(), nullptr),
          "Highs_getSolution");
  }
  tell(last);
}

}  // namespace sextant

#else

namespace sextant {

void require_highs() {
  throw_usage("this build has no HiGHS, which placement milp needs; ./setup installs it");
}

void run_highs(const MixedIntegerProgram&, const SolverSettings&,
               const std::function<void(const SolverNews&)>&) {
  require_highs();
}

}  // namespace sextant

#endif
