#include "ranks/roll_call.h"

#include <algorithm>
#include <limits>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/provenance.h"

namespace sextant::ranks {

std::string roll_text(const RollEntry& entry) {
  return json_text({{"host", entry.rank.host},
                    {"device", entry.rank.device},
                    {"gpu", entry.rank.gpu},
                    {"zone", entry.rank.zone},
                    {"details", provenance_json(entry.rank.details)},
                    {"first_rank", entry.first_rank},
                    {"process", entry.process},
                    {"agreement", provenance_json(entry.agreement)}});
}

RollEntry roll_entry_from(const std::string& text, int rank) {
  const JsonDocument document = JsonDocument::parse(text, fmt::format("what rank {} says", rank));
  const JsonNode root = document.root();
  RollEntry entry;
  entry.rank.host = root.at("host").string();
  entry.rank.device = root.at("device").string();
  entry.rank.gpu = root.at("gpu").string();
  entry.rank.zone = root.at("zone").string();
  entry.first_rank =
      static_cast<int>(root.at("first_rank").integer(0, std::numeric_limits<int>::max()));
  entry.process = static_cast<int>(root.at("process").integer(0, std::numeric_limits<int>::max()));
  for (const auto& [name, value] : root.at("details").members()) {
    entry.rank.details[name] = value.string();
  }
  for (const auto& [name, value] : root.at("agreement").members()) {
    entry.agreement[name] = value.string();
  }
  return entry;
}

std::string disagreement(const std::vector<RollEntry>& entries) {
  const RollEntry& first = entries.front();
  for (std::size_t rank = 1; rank < entries.size(); ++rank) {
    const RollEntry& other = entries[rank];
    std::set<std::string> names;
    for (const auto& [name, value] : first.agreement) names.insert(name);
    for (const auto& [name, value] : other.agreement) names.insert(name);
    for (const std::string& name : names) {
      const auto value_of = [&](const RollEntry& entry) {
        const auto found = entry.agreement.find(name);
        return found == entry.agreement.end() ? std::string("none") : quote(found->second, 200);
      };
      const std::string ours = value_of(first);
      const std::string theirs = value_of(other);
      if (ours == theirs) continue;
      return fmt::format("ranks differ in {}: rank 0 on {} has {}, rank {} on {} has {}", name,
                         quote(first.rank.host), ours, rank, quote(other.rank.host), theirs);
    }
  }
  return "";
}

std::string ranks_text(const std::vector<int>& ranks) {
  if (ranks.size() == 1) return fmt::format("rank {}", ranks.front());
  const bool in_a_row =
      ranks.size() > 2 && ranks.back() - ranks.front() == static_cast<int>(ranks.size()) - 1;
  if (in_a_row) return fmt::format("ranks {} to {}", ranks.front(), ranks.back());
  return fmt::format("ranks {} and {}", fmt::join(ranks.begin(), ranks.end() - 1, ", "),
                     ranks.back());
}

}  // namespace sextant::ranks
