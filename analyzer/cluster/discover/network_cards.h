#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// A port of a machine's network cards.
struct NetworkCard {
  std::string name;                   ///< "mlx5_0", "eth0"
  std::string link;                   ///< "InfiniBand", "Ethernet"
  bool rdma = false;                  ///< a verbs device (InfiniBand or RoCE)
  bool active = false;                ///< its link is up
  std::optional<double> bytes_per_s;  ///< signalling rate of one direction; absent = unknown
};

/// What the kernel knows below `sysfs` ("/sys"): ports of class/infiniband, with state and rate,
/// and interfaces of class/net that have a device behind them (no bridges, bonds and tunnels), with
/// operstate and speed; by name. What cannot be read is absent. Throws Error(kBadInput) where
/// `sysfs` is no directory.
std::vector<NetworkCard> cards_of_sysfs(const std::filesystem::path& sysfs);

/// Reads the text of `ibstat`. Throws Error(kBadInput) with file and line.
std::vector<NetworkCard> parse_ibstat(std::string_view text, const std::string& source);

/// Those that carry the traffic between nodes: of the active RDMA ports those of the highest rate,
/// or where there are none, the same of Ethernet. Slower ones are there for storage or for people.
std::vector<NetworkCard> fastest_cards(const std::vector<NetworkCard>& cards);

/// "4 x InfiniBand 200 Gb/s (mlx5_0, mlx5_1, mlx5_4, mlx5_5)"; "" of none.
std::string cards_text(const std::vector<NetworkCard>& cards);

}  // namespace sextant
