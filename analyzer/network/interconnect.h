#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// A kind of link and what it can carry at most; document kind `interconnect`
/// (profiles/schema/interconnect.json).
struct Interconnect {
  enum class Family { kPcie, kNvlink, kInfiniband, kEthernet };

  std::string name;  ///< "NVLink-4"
  std::vector<std::string> aliases;
  Family family = Family::kEthernet;
  int links = 1;                ///< of a GPU, whose sum the peak is
  double peak_bytes_per_s = 0;  ///< one direction, coding taken off, headers of packets not
  std::string source;
  /// What the protocol leaves of the peak for messages; nothing without a source.
  std::optional<double> payload_fraction;
  std::string payload_source;
};

/// Throws Error(kBadInput) with the place; figures beyond any link's are refused as a wrong unit.
Interconnect read_interconnect(const std::filesystem::path& path);

/// Names of the shipped kinds, sorted: the documents of interconnects/ in data_directory().
std::vector<std::string> interconnect_names();

/// A shipped kind by its name or an alias, without regard to case: "HDR", "100 GbE"; with a number
/// before it so many side by side: "8 x NDR" carries eight times as much. Nothing where there is
/// none.
std::optional<Interconnect> find_interconnect(std::string_view name);
/// The same; throws Error(kBadInput) with the nearest names, and for the loopback, whose bytes
/// never leave memory, with that.
Interconnect interconnect_named(std::string_view name);

/// Whether `name` is a word for the loopback interface: "lo", "loopback".
bool is_loopback(std::string_view name);

}  // namespace sextant
