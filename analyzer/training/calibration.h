#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"

namespace sextant {

/// The handful of physical parameters of a site that profiles of single layers cannot see; document
/// kind `calibration`. Never factors of one configuration. The defaults are what an unknown site
/// gets.
struct Calibration {
  /// What a training process holds on its GPU beside tensors: context, libraries, communication
  /// buffers, and the allocator's rounding. bytes
  double process_bytes = 1.5e9;
  /// How far above its expectation a process' memory may stand: Prediction::memory_bound_bytes
  /// allows for so many bytes more.
  double process_bytes_spread = 0.5e9;
  /// The share of a link's send/recv bandwidth that data-parallel collectives reach.
  double collective_efficiency = 1;
  /// What an iteration takes beside its microbatches, synchronisation and update: data, logging.
  double iteration_overhead_s = 0;
  /// How much slower a backward pass runs while gradients are being exchanged, a factor >= 1.
  double overlap_slowdown = 1.1;
  std::string source;  ///< file it came from; "" = the defaults

  bool operator==(const Calibration&) const = default;
};

/// A number of a calibration, as documents, tables and messages name it.
struct CalibrationParameter {
  std::string_view name;
  double Calibration::*member = nullptr;
  std::string_view meaning;
};
/// All of them.
const std::vector<CalibrationParameter>& calibration_parameters();

/// Member `parameters` of a document.
OrderedJson parameters_json(const Calibration& calibration);
/// Reads a document of kind `calibration` (profiles/schema/calibration.json); parameters that it
/// leaves out have their defaults, and how it was fitted is for people. Throws Error(kBadInput)
/// naming file and member.
Calibration read_calibration(const std::filesystem::path& path);

}  // namespace sextant
