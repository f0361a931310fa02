#pragma once

#include <vector>

#include "planner/training/sextant/label.h"
#include "planner/training/sextant/stage_tables.h"

namespace sextant::search {

/// How many replicas of a pipeline the GPUs are enough for.
class Stock {
 public:
  /// References must outlive it.
  Stock(const StageTables& tables, const ReplicaCount& count) : tables_(&tables), count_(count) {}

  /// Whether D replicas find room that take `used` of each resource, and a mixed stage of option
  /// `mixed` (-1 = none) beside them.
  bool has_room(const Used& used, int mixed) const;
  /// Most GPUs of a resource that each of D replicas can have.
  int most_units(int resource) const;

 private:
  const StageTables* tables_;
  ReplicaCount count_;
};

/// Replicas of each zone of a group: as many as stages that take `used` of it find room for, and
/// the mixed stage's two members of the group where `mixed` is not null (their GPUs are what the
/// others leave).
std::vector<int> replicas_by_zone(const StageTables& tables, int group, const Used& used,
                                  const StageOption* mixed);

}  // namespace sextant::search
