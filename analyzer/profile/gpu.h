#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"

namespace sextant {

/// What the data sheet says of a GPU type; document kind `gpu` (profiles/schema/gpu.json). Peaks
/// are dense and, on tensor cores, with fp32 accumulation; bandwidths are of one direction.
struct GpuSpec {
  std::string name;  ///< canonical, "A100-40"
  std::vector<std::string> aliases;
  double memory_bytes = 0;                ///< nominal size, in GiB steps
  std::map<DataType, double> peak_flops;  ///< FLOP/s; absent: cannot compute in it
  double memory_bandwidth_bytes_per_s = 0;
  double nvlink_bytes_per_s = 0;  ///< all links of one GPU together; 0 = none
  double pcie_bytes_per_s = 0;
  int gpus_per_node = 1;               ///< of the usual server or cloud machine
  std::optional<double> usd_per_hour;  ///< of one GPU, on demand
  std::string price_date;              ///< ISO date, "" where unknown
  /// Source of each number, by its member's name in the document ("memory_gib", "fp16", …).
  std::map<std::string, std::string> sources;
};

/// Throws Error(kBadInput) with the place; figures beyond any GPU's are refused as a wrong unit.
GpuSpec read_gpu(const std::filesystem::path& path);

/// Names of the shipped types, sorted: the documents of gpus/ in data_directory().
std::vector<std::string> gpu_names();

/// The canonical name that a name or alias means, without regard to case: "A100" (Helix's) is
/// "A100-40". Throws Error(kBadInput) naming the nearest there is.
std::string canonical_gpu_name(std::string_view name);

/// A shipped type by its name or an alias. Throws as canonical_gpu_name() does.
GpuSpec gpu_named(std::string_view name);
/// The same; nothing where the name is somebody's own type.
std::optional<GpuSpec> find_gpu(std::string_view name);

}  // namespace sextant
