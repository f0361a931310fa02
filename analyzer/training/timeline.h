#pragma once

#include <string_view>
#include <vector>

namespace sextant {

enum class Activity {
  kForward,
  kBackward,
  kBackwardInput,
  kBackwardWeight,
  kSendActivation,
  kSendGradient,
  kSync,  ///< gradients among replicas
  kUpdate,
};
std::string_view to_string(Activity activity);

/// What runs one after the other on a GPU; tracks of one stage replica run side by side.
enum class Stream { kCompute, kSend, kSync };
std::string_view to_string(Stream stream);

/// One stage replica; its tensor-parallel ranks do the same.
struct TimelineTrack {
  int pipeline = 0;
  int stage = 0;
  int replica = 0;
};

/// A stretch of time on one stream of a track. Spans of one stream do not overlap.
struct TimelineSpan {
  int track = 0;  ///< index into Timeline::tracks
  Stream stream = Stream::kCompute;
  Activity activity = Activity::kForward;
  int microbatch = -1;  ///< -1: of none
  int chunk = 0;
  double start_s = 0;  ///< from the start of the iteration
  double end_s = 0;
};

/// Memory of one GPU of a track from this time on, bytes.
struct MemoryStep {
  int track = 0;
  double time_s = 0;
  double bytes = 0;
};

/// An iteration as it is expected to go.
struct Timeline {
  std::vector<TimelineTrack> tracks;
  std::vector<TimelineSpan> spans;
  std::vector<MemoryStep> memory;  ///< by track, ascending in time
  double end_s = 0;
};

}  // namespace sextant
