#include "analyzer/profile/gpu.h"

#include <fmt/format.h>

#include "analyzer/core/catalog.h"
#include "analyzer/core/data_directory.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;
constexpr double kGiga = 1e9;
constexpr double kTera = 1e12;

/// Above any GPU that exists, below the same figure in the next smaller unit.
constexpr double kMostGib = 4096;
constexpr double kMostTflops = 10'000;
constexpr double kMostMemoryGbPerS = 50'000;
constexpr double kMostLinkGbPerS = 10'000;

Catalog gpus() {
  return Catalog(data_directory() / "gpus", "GPU type");
}

/// The value of {"value", "source"}; its source lands in `spec` under `key`.
double sourced(GpuSpec& spec, const JsonNode& node, std::string_view key, double most) {
  node.only({"value", "source", "date"});
  const JsonNode value = node.at("value");
  if (value.positive() > most) {
    value.fail(fmt::format("at most {}: a larger figure looks like one in another unit", most));
  }
  spec.sources[std::string(key)] = node.at("source").string();
  return value.number();
}

}  // namespace

GpuSpec read_gpu(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode node = document.root_of_kind("gpu", 1);
  node.only({"schema", "name", "aliases", "memory_gib", "peak_tflops", "memory_bandwidth_gb_per_s",
             "nvlink_gb_per_s", "pcie_gb_per_s", "gpus_per_node", "usd_per_hour"});
  GpuSpec spec;
  const auto read = [&](std::string_view key, double most) {
    return sourced(spec, node.at(key), key, most);
  };
  spec.name = node.at("name").name();
  if (const auto aliases = node.find("aliases")) {
    for (const JsonNode& alias : aliases->elements()) spec.aliases.push_back(alias.name());
  }
  spec.memory_bytes = kGiB * read("memory_gib", kMostGib);
  for (const auto& [name, peak] : node.at("peak_tflops").members()) {
    spec.peak_flops[data_type_from(name)] = kTera * sourced(spec, peak, name, kMostTflops);
  }
  spec.memory_bandwidth_bytes_per_s = kGiga * read("memory_bandwidth_gb_per_s", kMostMemoryGbPerS);
  if (node.find("nvlink_gb_per_s")) {
    spec.nvlink_bytes_per_s = kGiga * read("nvlink_gb_per_s", kMostLinkGbPerS);
  }
  spec.pcie_bytes_per_s = kGiga * read("pcie_gb_per_s", kMostLinkGbPerS);
  constexpr int kMostPerNode = 1024;
  read("gpus_per_node", kMostPerNode);
  spec.gpus_per_node =
      static_cast<int>(node.at("gpus_per_node").at("value").integer(1, kMostPerNode));
  if (const auto price = node.find("usd_per_hour")) {
    constexpr double kMostUsd = 10'000;
    spec.usd_per_hour = sourced(spec, *price, "usd_per_hour", kMostUsd);
    spec.price_date = price->at("date").string();
  }
  return spec;
}

std::vector<std::string> gpu_names() {
  return gpus().names();
}

std::string canonical_gpu_name(std::string_view name) {
  return gpus().resolve(name);
}

GpuSpec gpu_named(std::string_view name) {
  const Catalog catalog = gpus();
  return read_gpu(catalog.path_of(catalog.resolve(name)));
}

std::optional<GpuSpec> find_gpu(std::string_view name) {
  const Catalog catalog = gpus();
  const auto found = catalog.find(name);
  if (!found) return std::nullopt;
  return read_gpu(catalog.path_of(*found));
}

}  // namespace sextant
