#include "analyzer/cluster/discover/gpu_listing.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr int kMostGpus = 1024;  // of a node; a cluster document allows no more

[[noreturn]] void refuse(const std::string& place, std::string_view expected,
                         std::string_view found) {
  throw_bad_input(fmt::format("{}: expected {}, found {}", place, expected, quote(found)));
}

/// "GPU 0: NVIDIA H200 (UUID: GPU-…)", and below it "  MIG 1g.18gb Device 0: (UUID: MIG-…)".
std::vector<ListedGpu> read_list(const std::vector<std::string>& lines, const std::string& source) {
  std::vector<ListedGpu> gpus;
  for (std::size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = trimmed(lines[i]);
    const std::string place = fmt::format("{}:{}", source, i + 1);
    if (line.empty()) continue;
    if (line.starts_with("MIG ") && !gpus.empty()) {
      gpus.back().in_slices = true;
      continue;
    }
    const std::size_t colon = line.find(": ");
    const std::size_t uuid = line.rfind(" (UUID: ");
    if (!line.starts_with("GPU ") || colon == std::string_view::npos ||
        uuid == std::string_view::npos || uuid < colon + 2 || !line.ends_with(')')) {
      refuse(place, "a line of nvidia-smi -L as in \"GPU 0: NVIDIA H200 (UUID: GPU-…)\"", line);
    }
    if (whole_number(line.substr(4, colon - 4), kMostGpus) != static_cast<int>(gpus.size())) {
      refuse(place, fmt::format("GPU {}", gpus.size()), line);
    }
    ListedGpu gpu;
    gpu.name = foreign_name(line.substr(colon + 2, uuid - colon - 2), place, "the name of a GPU");
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

/// "81920 MiB", or "81920" below a header that says MiB; absent for "[N/A]", which GPUs say that
/// share their memory with the processor.
std::optional<double> memory_from(std::string cell, const std::string& place) {
  constexpr double kMiB = 1024.0 * 1024.0;
  constexpr int kMostMiB = 1 << 30;
  if (cell.starts_with("[N/A") || cell.starts_with("[Not")) return std::nullopt;
  if (cell.ends_with(" MiB")) cell.resize(cell.size() - 4);
  const auto mib = whole_number(cell, kMostMiB);
  if (!mib || *mib == 0) refuse(place, "memory in MiB", cell);
  return *mib * kMiB;
}

std::vector<ListedGpu> read_table(const std::vector<std::string>& lines, std::size_t header_line,
                                  const std::string& source) {
  const std::vector<std::string> header = parts_of(lines[header_line], ',');
  const auto column = [&](std::string_view name) {
    return static_cast<std::size_t>(
        std::find_if(header.begin(), header.end(),
                     [&](const std::string& cell) {
                       return cell == name || cell.starts_with(std::string(name) + " [");
                     }) -
        header.begin());
  };
  const std::size_t name = column("name");
  const std::size_t memory = column("memory.total");
  const std::size_t slices = column("mig.mode.current");
  std::vector<ListedGpu> gpus;
  for (std::size_t i = header_line + 1; i < lines.size(); ++i) {
    if (lines[i].empty()) continue;
    const std::string place = fmt::format("{}:{}", source, i + 1);
    const std::vector<std::string> cells = parts_of(lines[i], ',');
    if (cells.size() != header.size()) {
      refuse(place, fmt::format("{} columns as in the header", header.size()), lines[i]);
    }
    ListedGpu gpu;
    gpu.name = foreign_name(cells[name], place, "the name of a GPU");
    if (memory < cells.size()) gpu.memory_bytes = memory_from(cells[memory], place);
    gpu.in_slices = slices < cells.size() && cells[slices] == "Enabled";
    gpus.push_back(std::move(gpu));
  }
  return gpus;
}

}  // namespace

std::vector<ListedGpu> parse_gpu_listing(std::string_view text, const std::string& source) {
  const std::vector<std::string> lines = command_lines(text, source);
  std::size_t first = 0;
  while (first < lines.size() && lines[first].empty()) ++first;
  if (first == lines.size()) {
    throw_bad_input(fmt::format("{}: expected the output of nvidia-smi, found nothing", source));
  }
  const std::string& line = lines[first];
  if (line.starts_with("No devices")) return {};
  const std::vector<std::string> header = parts_of(line, ',');
  if (std::find(header.begin(), header.end(), "name") != header.end()) {
    return read_table(lines, first, source);
  }
  if (!line.starts_with("GPU ")) {
    refuse(
        fmt::format("{}:{}", source, first + 1),
        "nvidia-smi -L, or nvidia-smi --query-gpu=name,memory.total --format=csv with its header",
        line);
  }
  return read_list(lines, source);
}

}  // namespace sextant
