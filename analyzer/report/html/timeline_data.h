#pragma once

#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/training/timeline.h"

namespace sextant {

/// What a picture of a timeline says beside it.
struct TimelineFigure {
  const Timeline& timeline;
  std::string evidence;  ///< the class that the times rest on
  std::string caption;   ///< further remarks, may be empty
  /// By track of the timeline, or empty: what it runs on, and bytes of its GPUs' memory.
  std::vector<std::string> notes = {};
  std::vector<double> capacity_bytes = {};
};

/// What timeline.js draws, small enough for thousands of GPUs: replicas that do the same are one
/// row; times are whole multiples of "unit_s", a power of ten of which the iteration has at least a
/// million; starts count from the start before. {"unit_s", "end", "activities", "streams", "rows":
/// [{"name", "note", "times", "capacity_mib", "groups": [{"stream", "activity", "chunk", "first" or
/// "microbatches", "starts", "lasts" (one, or one each)}], "exposed": [start, lasts, …], "memory":
/// [after, change in MiB, …]}]}.
OrderedJson timeline_data(const TimelineFigure& figure);

}  // namespace sextant
