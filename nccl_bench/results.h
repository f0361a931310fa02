#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>

#include "analyzer/network/bandwidth_document.h"

namespace sextant::bench {

/// What is measured so far, on rank 0. Any thread may call any member: should the measuring thread
/// hang, another one still writes what is finished.
class Results {
 public:
  /// `document` as it is before the first size. Files named "" are not written.
  Results(BandwidthDocument document, std::filesystem::path output, std::filesystem::path csv);

  /// Changes the document and writes the files if the last time is a second ago.
  void change(const std::function<void(BandwidthDocument&)>& change);
  /// Measuring has ended; what is written before says that it has not.
  void finish();
  /// The measurement ended early, for this reason.
  void end_early(const std::string& reason);
  /// Whether a size was measured.
  bool has_points() const;
  /// The document without sweeps that never began, with a problem for every wrong result.
  BandwidthDocument document() const;
  /// Writes the files where there is something to say.
  void write() const;

 private:
  mutable std::recursive_mutex mutex_;
  BandwidthDocument document_;
  std::filesystem::path output_;
  std::filesystem::path csv_;
  bool finished_ = false;
  std::chrono::steady_clock::time_point written_{};
};

}  // namespace sextant::bench
