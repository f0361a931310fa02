#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/cluster/cluster.h"

namespace sextant {

/// One change of what is available.
struct TraceRow {
  double time_s = 0;        ///< as the trace counts it, often a Unix time
  double duration_s = 0;    ///< until the next row; 0 for the last
  std::vector<int> counts;  ///< GPUs, one for each column
};

/// Which GPUs were to be had when, one row a change.
struct AvailabilityTrace {
  struct Column {
    std::string gpu;
    std::string zone;
  };
  std::string file;
  std::vector<Column> columns;
  std::vector<TraceRow> rows;

  /// The GPUs of row `row`, in the order of the columns, those of which there are none left out.
  /// Throws Error(kUsage) where there is no such row and Error(kInfeasible) where it has no GPUs.
  std::vector<GpuCount> available(std::size_t row) const;
};

/// Reads the Sailor artifact's CSV: a header `,Timestamp,<gpu>_<zone>,…` (the unnamed first column,
/// the row's index, may be missing) and rows of a time in seconds, rising from row to row, and GPU
/// counts of 0 to a million. CRLF line ends and a byte order mark are read as they are meant.
/// Throws Error(kBadInput) with file, line and column of what is wrong.
AvailabilityTrace read_trace_csv(const std::filesystem::path& path);

/// The same from text; `name` stands for the file in messages.
AvailabilityTrace parse_trace_csv(std::string_view text, std::string name);

/// Reads the artifact's other form, a JSON list of `{"Time": seconds, "GPUs": count}` of one GPU
/// type in one zone, which the file does not name. Throws Error(kBadInput).
AvailabilityTrace read_trace_json(const std::filesystem::path& path, std::string gpu,
                                  std::string zone);

}  // namespace sextant
