#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "profiler/sweep/machine.h"
#include "profiler/sweep/sweep_options.h"

namespace sextant::profiler {

/// A point that is to be measured.
struct SweepPoint {
  ProfileKey key;
  DataType dtype = DataType::kFp32;
  bool real_collectives = false;  ///< a rank for each shard; never at tp 1
  std::filesystem::path file;     ///< its document
  /// Seconds it will take, from the roofline; nothing where the device has no data sheet here.
  std::optional<double> estimated_s;

  GridPoint grid_point() const { return {key.tp, key.microbatch}; }
  /// "bf16, tp 2, microbatch 4"; "bf16, tp 2" when serving.
  std::string text(Mode mode) const;
  /// Ranks of the world that measures it.
  int world_size() const { return real_collectives ? key.tp : 1; }
};

/// Points that one set of ranks measures, one after the other.
struct SweepGroup {
  int world_size = 1;
  std::vector<std::size_t> points;  ///< indices into Sweep::points, ascending
};

/// A sweep that is known to be legal.
struct Sweep {
  SweepOptions options;  ///< with every default filled in
  ModelDescription model;
  Machine machine;
  std::vector<SweepPoint> points;  ///< in the order in which they are measured

  /// In the order of points: for each data type the lone ranks, then one world for each degree.
  std::vector<SweepGroup> groups() const;
  /// What the ranks of a group are asked to measure; `points` may be some of the group's.
  ProfileRequest request(const std::vector<std::size_t>& points) const;
  /// Seconds, with the start of ranks; nothing where a point has no estimate.
  std::optional<double> estimated_s() const;
};

/// Checks everything that can be checked before a measurement. Throws Error(kBadInput): tp that
/// does not divide the model (with the nearest legal degrees), sequences too long for it, a data
/// type that the device does not have, more devices needed than there are.
Sweep plan_sweep(SweepOptions options, Machine machine);

}  // namespace sextant::profiler
