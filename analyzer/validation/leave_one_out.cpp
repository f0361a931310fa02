#include "analyzer/validation/leave_one_out.h"

#include <map>

#include "analyzer/core/error.h"

namespace sextant {

std::optional<CalibrationFit> calibrate_leaving_out(Contender& contender,
                                                    const std::vector<MeasuredRun>& runs,
                                                    const Job& job, const Cluster& cluster) {
  const auto predict = [&](const MeasuredRun& run, const Calibration& calibration) {
    return predict_run(contender, run, job, cluster, calibration);
  };
  std::vector<MeasuredRun> teachers;
  for (const MeasuredRun& run : runs) {
    try {
      predict(run, Calibration{});
      teachers.push_back(run);
    } catch (const Error& error) {
      if (error.code() != ErrorCode::kBadInput && error.code() != ErrorCode::kInfeasible) throw;
    }
  }
  if (teachers.empty()) return std::nullopt;
  CalibrationFit fit = fit_calibration(teachers, Calibration{}, predict);
  std::map<std::string, Calibration> calibrations;
  for (const CalibratedRun& run : fit.runs) calibrations[run.name] = run.left_out;
  contender.calibration = [calibrations = std::move(calibrations)](const MeasuredRun& run) {
    const auto found = calibrations.find(run.name);
    return found == calibrations.end() ? Calibration{} : found->second;
  };
  return fit;
}

}  // namespace sextant
