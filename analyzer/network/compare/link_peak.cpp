#include "analyzer/network/compare/link_peak.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/byte_size.h"
#include "analyzer/core/error.h"
#include "analyzer/network/interconnect.h"
#include "analyzer/profile/gpu.h"

namespace sextant {

namespace {

PeakLookup unknown(std::string why) {
  return {std::nullopt, std::move(why)};
}

PeakLookup found(const Interconnect& link, int senders) {
  LinkPeak peak{link.name, link.peak_bytes_per_s * senders, link.source, link.payload_fraction};
  if (senders > 1) peak.name = fmt::format("{} senders over {}", senders, link.name);
  return {std::move(peak), ""};
}

/// "12.5 GB/s" and the like.
std::optional<double> bandwidth_in(const std::string& text) {
  constexpr std::string_view kPerSecond = "/s";
  if (!text.ends_with(kPerSecond) || text.empty() || text.front() < '0' || text.front() > '9') {
    return std::nullopt;
  }
  try {
    return byte_size("--peak", text.substr(0, text.size() - kPerSecond.size()));
  } catch (const Error&) {
    return std::nullopt;  // "100 Gb/s Ethernet" is a name
  }
}

PeakLookup of_name(const std::string& named) {
  if (const auto bandwidth = bandwidth_in(named)) {
    return {LinkPeak{named, *bandwidth, "given", std::nullopt}, ""};
  }
  return found(interconnect_named(named), 1);
}

PeakLookup of_copies(const Sweep& sweep, const GpuSpec& gpu) {
  if (sweep.op == CommunicationOp::kCopyDeviceToDevice) {
    return {LinkPeak{gpu.name + ", half of its memory's bandwidth",
                     gpu.memory_bandwidth_bytes_per_s / 2,
                     gpu.sources.at("memory_bandwidth_gb_per_s"), std::nullopt},
            ""};
  }
  return {LinkPeak{gpu.name + ", PCIe", gpu.pcie_bytes_per_s, gpu.sources.at("pcie_gb_per_s"),
                   std::nullopt},
          ""};
}

/// The driver's words for the ways between the ranks of a sweep.
std::vector<std::string> paths_of(const BandwidthDocument& document, const Sweep& sweep) {
  const auto takes_part = [&](int rank) {
    return std::find(sweep.ranks.begin(), sweep.ranks.end(), rank) != sweep.ranks.end();
  };
  std::vector<std::string> out;
  for (const PairTopology& pair : document.topology) {
    if (takes_part(pair.a) && takes_part(pair.b)) out.push_back(pair.path);
  }
  return out;
}

/// n of "NVn"; 0 of another word.
int nvlinks_in(const std::string& path) {
  int links = 0;
  if (!path.starts_with("NV")) return 0;
  const char* end = path.data() + path.size();
  const auto parsed = std::from_chars(path.data() + 2, end, links);
  return parsed.ec == std::errc() && parsed.ptr == end && links > 0 ? links : 0;
}

/// The NVLink generation of a GPU with so much in all: the first that reaches it. Types with some
/// of their generation's links cut off have the same bandwidth a link as the one below.
std::optional<Interconnect> generation_of(double nvlink_bytes_per_s) {
  std::optional<Interconnect> out;
  for (const std::string& name : interconnect_names()) {
    const Interconnect link = interconnect_named(name);
    if (link.family != Interconnect::Family::kNvlink || link.links == 1) continue;
    if (link.peak_bytes_per_s < nvlink_bytes_per_s) continue;
    if (!out || link.peak_bytes_per_s < out->peak_bytes_per_s) out = link;
  }
  return out;
}

PeakLookup inside_node(const BandwidthDocument& document, const Sweep& sweep, const GpuSpec& gpu) {
  const std::vector<std::string> paths = paths_of(document, sweep);
  const bool over_nvlink =
      paths.empty() ? gpu.nvlink_bytes_per_s > 0
                    : std::all_of(paths.begin(), paths.end(),
                                  [](const std::string& path) { return nvlinks_in(path) > 0; });
  if (!over_nvlink || gpu.nvlink_bytes_per_s <= 0) {
    return {LinkPeak{gpu.name + ", PCIe", gpu.pcie_bytes_per_s * sweep.senders(),
                     gpu.sources.at("pcie_gb_per_s"), std::nullopt},
            ""};
  }
  const auto generation = generation_of(gpu.nvlink_bytes_per_s);
  const auto payload = generation ? generation->payload_fraction : std::nullopt;
  if (paths.size() == 1 && sweep.ranks.size() == 2 && generation) {
    const int links = nvlinks_in(paths.front());
    return {LinkPeak{fmt::format("{} of {}", paths.front(), gpu.name),
                     generation->peak_bytes_per_s / generation->links * links, generation->source,
                     payload},
            ""};
  }
  return {LinkPeak{gpu.name + ", all NVLinks", gpu.nvlink_bytes_per_s * sweep.senders(),
                   gpu.sources.at("nvlink_gb_per_s"), payload},
          ""};
}

}  // namespace

PeakLookup peak_of(const BandwidthDocument& document, const Sweep& sweep,
                   const std::string& named) {
  if (!named.empty()) return of_name(named);
  const std::optional<GpuSpec> gpu = sweep.gpu.empty() ? std::nullopt : find_gpu(sweep.gpu);
  const std::string no_type =
      sweep.gpu.empty() ? "the GPU type is not known" : "no data sheet of " + quote(sweep.gpu);
  if (sweep.op >= CommunicationOp::kCopyDeviceToDevice) {
    return gpu ? of_copies(sweep, *gpu) : unknown(no_type);
  }
  if (is_loopback(sweep.interconnect)) {
    return unknown("the loopback has no peak: its bytes never leave memory");
  }
  const bool inside = sweep.level == LinkLevel::kInsideNode;
  if (!sweep.interconnect.empty()) {
    if (const auto link = find_interconnect(sweep.interconnect)) {
      return found(*link, inside ? sweep.senders() : 1);
    }
    if (!inside) {
      return unknown(quote(sweep.interconnect) +
                     " is not in the table of interconnects; name one "
                     "with --peak");
    }
  }
  if (!inside) return unknown("the interconnect is not known; name it with --peak");
  if (sweep.world_size < 2) return unknown("one rank uses no link");
  return gpu ? inside_node(document, sweep, *gpu) : unknown(no_type);
}

}  // namespace sextant
