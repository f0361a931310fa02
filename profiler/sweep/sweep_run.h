#pragma once

#include <vector>

#include "analyzer/core/progress.h"
#include "profiler/sweep/point_files.h"
#include "profiler/sweep/rank_world.h"

namespace sextant::profiler {

/// Measures the points of a sweep and writes their documents, one by one as they are done. A point
/// that fails gets a document that says why, and the others go on with new ranks. After one that
/// runs out of memory the larger microbatches of its degree are not tried, and the largest that
/// fits is searched by bisection between those that are known.
class SweepRun {
 public:
  /// `sweep` must outlive it.
  SweepRun(const Sweep& sweep, std::filesystem::path rank_program);

  /// Ends early where the user asks for an end (analyzer/core/interrupt.h): the point under way is
  /// then dropped, and the ranks are gone. Throws Error(kBadInput) where a document cannot be
  /// written (with those before it kept) or the system gives no process.
  void run();

  /// One for each point of the sweep.
  const std::vector<PointOutcome>& outcomes() const { return outcomes_; }

 private:
  using Indices = std::vector<std::size_t>;

  void find_existing();
  void measure(const SweepGroup& group);
  void measure_in_one_world(const Indices& pending, int world_size);
  bool take_result(std::size_t index, const std::string& text);
  void enter(std::size_t index, PointOutcome outcome, const std::string& text = "");
  void fail(std::size_t index, PointStatus status, const std::string& reason);
  /// Enters points of the group that an out-of-memory point of their degree rules out.
  void enter_ruled_out(const SweepGroup& group);
  Indices pending_of(const SweepGroup& group) const;

  void find_largest_microbatches(const SweepGroup& group);
  /// The largest in [low, high) that fits, low doing so and high not; nothing where that cannot be
  /// told.
  std::optional<int> largest_between(const SweepPoint& like, int low, int high);
  /// Tries the microbatches in turn while they fit, and moves the bounds. False where a trial ended
  /// otherwise than in an answer.
  bool try_in_turn(const SweepPoint& like, const std::vector<int>& microbatches, int& low,
                   int& high);
  /// What is known of a degree: documents of the sweep, and of other shards of it.
  std::vector<PointDocument> known_at(const ProfileKey& key) const;

  void say(const std::string& sentence) const;
  void show(const std::string& what);

  const Sweep& sweep_;
  std::filesystem::path rank_program_;
  std::vector<PointOutcome> outcomes_;
  Progress progress_;
  int failed_starts_ = 0;  ///< worlds in a row that ended before their first point
};

}  // namespace sextant::profiler
