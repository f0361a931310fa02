// The document of a fitted calibration: fit_calibration.h.
#include "analyzer/training/fit_calibration.h"

namespace sextant {

OrderedJson calibration_json(const CalibrationFit& fit) {
  OrderedJson parameters = OrderedJson::array();
  for (const FittedParameter& one : fit.parameters) {
    parameters.push_back({{"name", one.name},
                          {"before", one.before},
                          {"after", one.after},
                          {"adopted", one.adopted},
                          {"runs", one.runs},
                          {"note", one.note}});
  }
  const auto errors_json = [](const CalibrationErrors& errors) {
    return OrderedJson{{"runs", errors.runs}, {"before", errors.before}, {"after", errors.after}};
  };
  OrderedJson runs = OrderedJson::array();
  for (const CalibratedRun& run : fit.runs) {
    OrderedJson row = {{"name", run.name},
                       {"measured_s", run.measured_s},
                       {"before_s", run.before_s},
                       {"after_s", run.after_s}};
    if (run.measured_bytes > 0) {
      row["measured_bytes"] = bytes_json(run.measured_bytes);
      row["before_bytes"] = bytes_json(run.before_bytes);
      row["after_bytes"] = bytes_json(run.after_bytes);
      row["bound_bytes"] = bytes_json(run.bound_bytes);
    }
    if (!run.suspicion.empty()) row["suspicion"] = run.suspicion;
    runs.push_back(std::move(row));
  }
  return {
      {"schema", schema_id("calibration")},
      {"evidence", to_string(fit.evidence)},
      {"parameters", parameters_json(fit.calibration)},
      {"fit",
       {{"parameters", std::move(parameters)},
        {"left_out_error", {{"time", errors_json(fit.time)}, {"memory", errors_json(fit.memory)}}},
        {"runs", std::move(runs)}}}};
}

}  // namespace sextant
