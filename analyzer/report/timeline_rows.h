#pragma once

#include <string>
#include <vector>

#include "analyzer/training/timeline.h"

namespace sextant {

/// A stretch in which a track computes nothing since something is on its way to or from it.
struct ExposedTime {
  double start_s = 0;
  double end_s = 0;
};

/// Replicas of one stage that do the same at the same times, for a picture to show once.
struct TimelineRow {
  std::vector<TimelineTrack> tracks;  ///< at least one; all of one stage
  std::vector<TimelineSpan> spans;    ///< of the first of them, by stream and start
  std::vector<MemoryStep> memory;     ///< of the first of them
  /// Ascending, apart from each other. What is left of the time without a computation is bubble.
  std::vector<ExposedTime> exposed;
};

/// The tracks of a timeline by pipeline and stage. Tracks are one row where their labels are equal
/// (one a track, or none at all) and their times and bytes differ by less than `same_s` and a MiB.
/// A gap between computations is exposed communication while
/// the track itself sends or synchronises, and from the beginning of the message that its next
/// computation waits for; that message is looked for at the same replica of a neighbouring stage.
std::vector<TimelineRow> timeline_rows(const Timeline& timeline, double same_s,
                                       const std::vector<std::string>& labels = {});

/// "stage 1", "stage 1, replicas 0-31", "pipelines 0-2, stage 1": pipelines and replicas are named
/// where `timeline` has several.
std::string name_of(const TimelineRow& row, const Timeline& timeline);

}  // namespace sextant
