#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/network/bandwidth_document.h"

namespace sextant::ranks {

/// Who a rank says it is when it comes.
struct RollEntry {
  BandwidthRank rank;
  int first_rank = 0;  ///< of its process
  int process = 0;     ///< its number on its host, which tells two of the same rank apart
  /// What all ranks must have alike, for their calls to match: versions and the plan.
  std::map<std::string, std::string> agreement;
};

/// As it stands under the rank's key.
std::string roll_text(const RollEntry& entry);
/// Throws Error(kBadInput) on another text.
RollEntry roll_entry_from(const std::string& text, int rank);

/// "" where all agree, else what the first rank that differs from rank 0 has differently, with both
/// values.
std::string disagreement(const std::vector<RollEntry>& entries);

/// "rank 3", "ranks 1, 2 and 5", "ranks 1 to 9": for messages.
std::string ranks_text(const std::vector<int>& ranks);

}  // namespace sextant::ranks
