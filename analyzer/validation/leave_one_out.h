#pragma once

#include <optional>
#include <vector>

#include "analyzer/training/fit_calibration.h"
#include "analyzer/validation/validation.h"

namespace sextant {

/// Gives the contender, for each run, the calibration that is fitted to the other configurations
/// (fit_calibration), so that nothing is fitted to what is predicted. Runs that it cannot predict
/// teach nothing. Returns the fit for people to see; nothing where no run can be predicted.
std::optional<CalibrationFit> calibrate_leaving_out(Contender& contender,
                                                    const std::vector<MeasuredRun>& runs,
                                                    const Job& job, const Cluster& cluster);

}  // namespace sextant
