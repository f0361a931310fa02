#include "analyzer/network/import/sailor_bandwidth_csv.h"

#include <cmath>
#include <filesystem>
#include <optional>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/import/text_lines.h"

namespace sextant {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") + 1 - begin);
}

/// The two cells of a line; nothing where it has another number of them.
std::optional<std::pair<std::string_view, std::string_view>> cells_of(std::string_view line) {
  const std::size_t comma = line.find(',');
  if (comma == std::string_view::npos || line.find(',', comma + 1) != std::string_view::npos) {
    return std::nullopt;
  }
  return std::pair(trimmed(line.substr(0, comma)), trimmed(line.substr(comma + 1)));
}

bool is_head(std::string_view line) {
  const auto cells = cells_of(line);
  return cells && cells->first == "bytes" && !number_in(cells->second);
}

int world_size_of(const std::string& file, const ImportContext& context) {
  const std::string name = std::filesystem::path(file).filename().string();
  constexpr std::string_view kPrefix = "data_";
  constexpr std::string_view kSuffix = ".csv";
  std::optional<long long> named;
  if (name.starts_with(kPrefix) && name.ends_with(kSuffix) &&
      name.size() > kPrefix.size() + kSuffix.size()) {
    named = unsigned_integer(std::string_view(name).substr(
        kPrefix.size(), name.size() - kPrefix.size() - kSuffix.size()));
  }
  if (context.world_size && named && *named != *context.world_size) {
    throw_bad_input(fmt::format("{}: expected {} ranks, as --world-size says, found {} in its name",
                                file, *context.world_size, *named));
  }
  if (!named && context.world_size) named = *context.world_size;
  if (!named) {
    throw_bad_input(fmt::format(
        "{}: expected a name data_<W>.csv that tells the number of ranks, or --world-size", file));
  }
  constexpr long long kMostRanks = 1 << 20;
  if (*named < 2 || *named > kMostRanks || *named % 2 != 0) {
    throw_bad_input(fmt::format(
        "{}: expected an even number of ranks, half of which send, found {}", file, *named));
  }
  return static_cast<int>(*named);
}

BandwidthPoint point_of(std::string_view line, int senders, const TextPlace& place) {
  const auto cells = cells_of(line);
  if (!cells) place.fail("a line bytes,bandwidth", quote(line));
  const auto bytes = number_in(cells->first);
  constexpr double kMostBytes = 1e15;
  if (!bytes || !(*bytes >= 1 && *bytes <= kMostBytes) || *bytes != std::floor(*bytes)) {
    place.fail("a number of bytes", quote(cells->first));
  }
  const auto bandwidth = number_in(cells->second);
  constexpr double kMostGbPerS = 1e5;
  if (!bandwidth || !(*bandwidth > 0 && *bandwidth <= kMostGbPerS)) {
    place.fail("a positive bandwidth in GB/s, less than 100 TB/s", quote(cells->second));
  }
  constexpr double kGiga = 1e9;
  BandwidthPoint point;
  point.bytes = *bytes;
  const double time_s = senders * *bytes / (*bandwidth * kGiga);
  point.time = {.median_s = time_s, .p10_s = time_s, .p90_s = time_s};
  return point;
}

}  // namespace

bool is_sailor_bandwidth_csv(std::string_view text) {
  for (const std::string_view line : lines_of(text)) {
    if (trimmed(line).empty()) continue;
    const auto cells = cells_of(line);
    return is_head(line) || (cells && number_in(cells->first) && number_in(cells->second));
  }
  return false;
}

BandwidthDocument read_sailor_bandwidth_csv(std::string_view text, const std::string& file,
                                            const ImportContext& context) {
  if (context.op && *context.op != CommunicationOp::kSendRecv) {
    throw_bad_input(fmt::format("{}: expected {}, as --op says, found send_recv between two halves",
                                file, to_string(*context.op)));
  }
  Sweep sweep;
  sweep.op = CommunicationOp::kSendRecv;
  sweep.pattern = SweepPattern::kHalves;
  sweep.world_size = world_size_of(file, context);
  const LinkLevel outside =
      context.from_zone.empty() ? LinkLevel::kBetweenNodes : LinkLevel::kBetweenZones;
  sweep.level = context.level.value_or(outside);
  sweep.gpu = context.gpu;
  sweep.from_zone = context.from_zone;
  sweep.to_zone = context.to_zone;
  sweep.interconnect = context.interconnect;
  int number = 0;
  for (const std::string_view line : lines_of(text)) {
    const TextPlace place{file, ++number};
    if (trimmed(line).empty() || (sweep.points.empty() && is_head(line))) continue;
    const BandwidthPoint point = point_of(line, sweep.senders(), place);
    if (!sweep.points.empty() && point.bytes <= sweep.points.back().bytes) {
      place.fail("ascending sizes, each once",
                 fmt::format("{:.0f} bytes after {:.0f}", point.bytes, sweep.points.back().bytes));
    }
    sweep.points.push_back(point);
  }
  if (sweep.points.empty())
    throw_bad_input(file + ": expected at least one measured size, found none");
  BandwidthDocument document;
  document.evidence = Evidence::kReplayed;
  document.tool = "sailor";
  document.sweeps.push_back(std::move(sweep));
  document.source = file;
  document.provenance["file"] = file;
  document.provenance["times"] = "from mean bandwidths, whose spread is not known";
  return document;
}

}  // namespace sextant
