#include "analyzer/training/calibration.h"

namespace sextant {

const std::vector<CalibrationParameter>& calibration_parameters() {
  static const std::vector<CalibrationParameter> all = {
      {"process_bytes", &Calibration::process_bytes,
       "memory of a process beside tensors: context, libraries, communication buffers"},
      {"process_bytes_spread", &Calibration::process_bytes_spread,
       "how far above its expectation a process' memory may stand"},
      {"collective_efficiency", &Calibration::collective_efficiency,
       "share of a link's send/recv bandwidth that data-parallel collectives reach"},
      {"iteration_overhead_s", &Calibration::iteration_overhead_s,
       "time of an iteration beside microbatches, synchronisation and update"},
      {"overlap_slowdown", &Calibration::overlap_slowdown,
       "how much slower a backward runs while gradients are exchanged"}};
  return all;
}

OrderedJson parameters_json(const Calibration& calibration) {
  OrderedJson out;
  for (const CalibrationParameter& parameter : calibration_parameters()) {
    const double value = calibration.*parameter.member;
    const bool is_bytes = parameter.name.find("bytes") != std::string_view::npos;
    out[std::string(parameter.name)] = is_bytes ? bytes_json(value) : OrderedJson(value);
  }
  return out;
}

Calibration read_calibration(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root_of_kind("calibration", 1);
  const bool lenient = has_newer_minor(root);
  expect_known(root, lenient, {"schema", "name", "source", "evidence", "parameters", "fit"});
  const JsonNode node = root.at("parameters");
  expect_known(node, lenient,
               {"process_bytes", "process_bytes_spread", "collective_efficiency",
                "iteration_overhead_s", "overlap_slowdown"});
  Calibration out;
  out.source = path.string();
  for (const CalibrationParameter& parameter : calibration_parameters()) {
    if (const auto value = node.find(parameter.name)) {
      out.*parameter.member = value->non_negative();
    }
  }
  if (const auto value = node.find("collective_efficiency")) value->positive();
  if (out.overlap_slowdown < 1) node.at("overlap_slowdown").fail("a factor of at least 1");
  return out;
}

}  // namespace sextant
