#pragma once

#include <filesystem>
#include <vector>

#include "analyzer/network/link_model.h"

namespace sextant::aceso {

/// Aceso's table of a link: the bandwidth of messages of 1, 2, 4, … 1024 MB.
class TransferTable {
 public:
  /// GB/s (1e9), by power of two of MB (2^20 bytes); not empty.
  explicit TransferTable(std::vector<double> gb_per_s);
  /// p2p_*_node.csv: a line of sizes, a line of bandwidths. Throws Error(kBadInput) naming the file
  /// and the line.
  static TransferTable read(const std::filesystem::path& path);
  /// The same of a link of the network.
  static TransferTable of(const LinkModel& link);

  /// Microseconds of a message. As the published code looks it up, which is two entries off in
  /// places: a message of 2^k MB takes the bandwidth of 2^(k-1) MB, and one of less than half a MB
  /// counts its entry from the end of the table.
  double transfer_us(double mb) const;

 private:
  std::vector<double> gb_per_s_;
};

}  // namespace sextant::aceso
