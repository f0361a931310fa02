#pragma once

#include <map>
#include <string>

#include "analyzer/training/timeline.h"

namespace sextant {

/// A timeline as document kind `timeline`, which is also the "JSON Object Format" of Chrome's trace
/// events (Trace Event Format, Google 2016), so that Perfetto and chrome://tracing open it as it
/// is: a process for each stage replica, a thread for each of its streams, a counter track of its
/// memory. Times are rounded to nanoseconds and written in microseconds. `about` goes into
/// "otherData". Throws Error(kInternal) where the timeline contradicts itself: spans of one stream
/// that overlap, end before they start or are of no track, memory out of order.
std::string chrome_trace(const Timeline& timeline,
                         const std::map<std::string, std::string>& about = {});

}  // namespace sextant
