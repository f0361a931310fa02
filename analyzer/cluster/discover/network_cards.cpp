#include "analyzer/cluster/discover/network_cards.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

constexpr double kBitsPerByte = 8;
constexpr double kGiga = 1e9;
constexpr double kMega = 1e6;

/// First line of a small file of sysfs; "" where it cannot be read, as the speed of a link that is
/// down.
std::string attribute(const fs::path& path) {
  constexpr std::size_t kMostBytes = 4096;
  try {
    const std::string text = read_file(path, kMostBytes);
    return std::string(trimmed(std::string_view(text).substr(0, text.find('\n'))));
  } catch (const Error&) {
    return "";
  }
}

/// The number that `text` begins with, in `unit`s of bits, as bytes. "200 Gb/sec (4X HDR)".
std::optional<double> rate(std::string_view text, double unit) {
  double value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  constexpr double kMost = 1e7;
  if (parsed.ec != std::errc() || !(value > 0 && value <= kMost)) return std::nullopt;
  return value * unit / kBitsPerByte;
}

/// Names in a folder, sorted; none where it is not there.
std::vector<std::string> entries(const fs::path& folder) {
  std::vector<std::string> names;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    names.push_back(entry->path().filename().string());
  }
  // mlx5_2 before mlx5_10.
  std::sort(names.begin(), names.end(), [](const std::string& a, const std::string& b) {
    return a.size() != b.size() ? a.size() < b.size() : a < b;
  });
  return names;
}

NetworkCard port_of(const fs::path& port, const std::string& device) {
  NetworkCard card;
  card.name = device;
  card.rdma = true;
  card.link = attribute(port / "link_layer") == "Ethernet" ? "Ethernet" : "InfiniBand";
  card.active = attribute(port / "state").find("ACTIVE") != std::string::npos;  // "4: ACTIVE"
  card.bytes_per_s = rate(attribute(port / "rate"), kGiga);
  return card;
}

}  // namespace

std::vector<NetworkCard> cards_of_sysfs(const fs::path& sysfs) {
  std::error_code failure;
  if (!fs::is_directory(sysfs, failure)) {
    throw_bad_input(fmt::format("{}: expected a directory like /sys", sysfs.string()));
  }
  std::vector<NetworkCard> cards;
  const fs::path verbs = sysfs / "class/infiniband";
  for (const std::string& device : entries(verbs)) {
    const std::string place = (verbs / device).string();
    const std::vector<std::string> ports = entries(verbs / device / "ports");
    for (const std::string& port : ports) {
      const std::string name = ports.size() == 1 ? device : fmt::format("{}:{}", device, port);
      cards.push_back(port_of(verbs / device / "ports" / port,
                              foreign_name(name, place, "the name of a network card")));
    }
  }
  const fs::path net = sysfs / "class/net";
  for (const std::string& name : entries(net)) {
    if (!fs::exists(net / name / "device", failure)) continue;
    constexpr std::string_view kEthernet = "1";  // ARPHRD_ETHER; IPoIB, 32, is a verbs port again
    if (attribute(net / name / "type") != kEthernet) continue;
    NetworkCard card;
    card.name = foreign_name(name, (net / name).string(), "the name of a network card");
    card.link = "Ethernet";
    card.active = attribute(net / name / "operstate") == "up";
    card.bytes_per_s = rate(attribute(net / name / "speed"), kMega);
    cards.push_back(std::move(card));
  }
  return cards;
}

std::vector<NetworkCard> parse_ibstat(std::string_view text, const std::string& source) {
  std::vector<NetworkCard> cards;
  std::string device;
  const std::vector<std::string> lines = command_lines(text, source);
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string place = fmt::format("{}:{}", source, i + 1);
    const std::string_view line = trimmed(lines[i]);
    const std::size_t colon = std::min(line.find(':'), line.size());
    const std::string_view key = line.substr(0, colon);
    const std::string_view value = colon < line.size() ? trimmed(line.substr(colon + 1)) : "";
    if (line.starts_with("CA '") && line.ends_with('\'') && line.size() > 5) {
      device = foreign_name(line.substr(4, line.size() - 5), place, "the name of a network card");
    } else if (device.empty()) {
      if (line.empty()) continue;
      throw_bad_input(fmt::format("{}: expected a line of ibstat as in \"CA 'mlx5_0'\", found {}",
                                  place, quote(line)));
    } else if (key.starts_with("Port ") && value.empty()) {
      NetworkCard card;
      card.name = cards.empty() || cards.back().name != device
                      ? device
                      : fmt::format("{}:{}", device, key.substr(5));
      card.link = "InfiniBand";
      card.rdma = true;
      cards.push_back(std::move(card));
    } else if (!cards.empty() && key == "State") {
      cards.back().active = value == "Active";
    } else if (!cards.empty() && key == "Rate") {
      cards.back().bytes_per_s = rate(value, kGiga);
    } else if (!cards.empty() && key == "Link layer") {
      cards.back().link = value == "Ethernet" ? "Ethernet" : "InfiniBand";
    }
  }
  if (device.empty()) {
    throw_bad_input(fmt::format("{}: expected the output of ibstat, found no card", source));
  }
  return cards;
}

std::vector<NetworkCard> fastest_cards(const std::vector<NetworkCard>& cards) {
  const bool any_rdma = std::any_of(
      cards.begin(), cards.end(), [](const NetworkCard& card) { return card.rdma && card.active; });
  std::vector<NetworkCard> out;
  double best = 0;
  for (const NetworkCard& card : cards) {
    if (!card.active || card.rdma != any_rdma) continue;
    const double bytes_per_s = card.bytes_per_s.value_or(0);
    if (bytes_per_s < best) continue;
    if (bytes_per_s > best) out.clear();
    best = bytes_per_s;
    out.push_back(card);
  }
  return out;
}

std::string cards_text(const std::vector<NetworkCard>& cards) {
  if (cards.empty()) return "";
  std::vector<std::string> names;
  for (const NetworkCard& card : cards) names.push_back(card.name);
  const NetworkCard& first = cards.front();
  const std::string speed =
      first.bytes_per_s ? fmt::format("{:g} Gb/s", *first.bytes_per_s * kBitsPerByte / kGiga)
                        : "of unknown speed";
  return fmt::format("{} x {} {} ({})", cards.size(), first.link, speed, fmt::join(names, ", "));
}

}  // namespace sextant
