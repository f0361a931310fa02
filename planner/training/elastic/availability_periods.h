#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/cluster/availability_trace.h"
#include "analyzer/cluster/cluster.h"

namespace sextant {

/// A time in which the same GPUs are there.
struct AvailabilityPeriod {
  double from_s = 0;      ///< after the trace's first row
  double duration_s = 0;  ///< > 0
  Cluster cluster;        ///< without pools that have no GPUs; perhaps without any
};

/// The periods of a trace on a cluster. The trace's counts replace those of the cluster's pools, of
/// which it may name some; the others stay as they are. A quota still holds. Rows with the same
/// GPUs as the row before are one period with it. The last row lasts until `until_s` seconds after
/// the first, or is left out, since a trace does not say how long it lasts. GPU types may be named
/// by an alias. Throws Error(kBadInput) where the cluster lacks a GPU type in a zone that the trace
/// names, where two columns are of one pool, and where no period is left; Error(kUsage) where
/// until_s is not after the last row.
std::vector<AvailabilityPeriod> availability_periods(const AvailabilityTrace& trace,
                                                     const Cluster& cluster,
                                                     std::optional<double> until_s);

/// Reads a trace, CSV or (by its ending .json) JSON. What a JSON trace counts it does not say:
/// `counted`, or the cluster's only pool. Throws Error(kUsage) where that is not to be told, or
/// `counted` is given for a CSV trace; else as the readers do.
AvailabilityTrace read_availability(const std::string& path, const Cluster& cluster,
                                    const std::string& counted);

}  // namespace sextant
