#include "analyzer/profile/export/flashflex_export.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"

namespace sextant {

namespace {

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>& notes) {
  constexpr double kTera = 1e12;
  constexpr double kGiga = 1e9;
  const GpuSpec gpu = gpu_named(input.gpu());
  const auto peak = gpu.peak_flops.find(data_type_from(input.key().dtype));
  if (peak == gpu.peak_flops.end()) {
    throw_bad_input(fmt::format("flashflex: the data sheet of {} has no peak for {}",
                                quote(gpu.name), input.key().dtype));
  }
  const bool has_nvlink = gpu.nvlink_bytes_per_s > 0;
  const double link = has_nvlink ? gpu.nvlink_bytes_per_s : gpu.pcie_bytes_per_s;
  const std::filesystem::path path = "FlashFlex/src/machine_amounts.json";
  OrderedJson machines = files.shared_table(path);
  machines["machine_specs"][input.gpu()] = {peak->second / kTera,
                                            gpu.memory_bytes / (1024 * kBytesPerMib), link / kGiga};
  // How many machines there are is for whoever starts the planner to say.
  machines["machine_amounts"][input.gpu()] = {{std::to_string(input.gpus_per_node()), 0}};
  files.put(path, python_json(machines));
  notes.push_back(fmt::format(
      "{}: FlashFlex reads no profile; {} TFLOP/s and {} GB/s are of the data sheet ({}, {})",
      quote(input.gpu()), peak->second / kTera, link / kGiga, input.key().dtype,
      has_nvlink ? "NVLink" : "PCIe"));
}

}  // namespace

Exporter flashflex_exporter() {
  return {"flashflex", "FlashFlex/src/machine_amounts.json", "a GPU type with a data sheet here",
          put, true};
}

}  // namespace sextant
