// Of doctor_parts.h: GPUs, and what programs for them are made with.
#include <charconv>
#include <fstream>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/doctor_parts.h"
#include "cli/doctor_search.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> cuda_roots() {
  std::vector<fs::path> roots;
  for (const char* variable : {"CUDA_HOME", "CUDA_PATH"}) {
    if (const std::string root = environment(variable); !root.empty()) roots.emplace_back(root);
  }
  if (const auto nvcc = find_program("nvcc")) {
    std::error_code failure;
    const fs::path real = fs::canonical(*nvcc, failure);
    if (!failure) roots.push_back(real.parent_path().parent_path());
  }
  roots.emplace_back("/usr/local/cuda");
  return roots;
}

std::vector<fs::path> cuda_includes() {
  std::vector<fs::path> places;
  for (const fs::path& root : cuda_roots()) {
    places.push_back(root / "include");
    places.push_back(root / "extras/CUPTI/include");
  }
  places.emplace_back("/usr/include");
  places.emplace_back("/usr/local/include");
  return places;
}

Check check_cuda() {
  const std::string remedy =
      "install NVIDIA's CUDA Toolkit 12 or 13 and set CUDA_HOME where it is not /usr/local/cuda";
  for (const fs::path& root : cuda_roots()) {
    if (!is_there(root / "bin/nvcc")) continue;
    const std::string text = macro_value(root / "include/cuda_runtime_api.h",
                                         "CUDART_VERSION");  // 1000 major + 10 minor
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    const std::string version =
        number > 0 ? fmt::format("{}.{}", number / 1000, number % 1000 / 10) : "unknown version";
    return present("cuda", fmt::format("{} in {}", version, root.string()));
  }
  return missing("cuda", "no nvcc in PATH, CUDA_HOME or /usr/local/cuda", remedy);
}

Check check_libtorch() {
  std::vector<fs::path> roots;
  for (const char* variable : {"LIBTORCH", "CMAKE_PREFIX_PATH"}) {
    for (const fs::path& place : directories_of(environment(variable))) roots.push_back(place);
  }
  for (const fs::path& place : site_packages()) roots.push_back(place / "torch");
  for (const fs::path& root : roots) {
    if (!is_there(root / "share/cmake/Torch/TorchConfig.cmake")) continue;
    const fs::path header = root / "include/torch/headeronly/version.h";  // absent before 2.10
    const std::string major = macro_value(header, "TORCH_VERSION_MAJOR");
    const std::string version =
        major.empty() ? "unknown version"
                      : fmt::format("{}.{}.{}", major, macro_value(header, "TORCH_VERSION_MINOR"),
                                    macro_value(header, "TORCH_VERSION_PATCH"));
    return present("libtorch", fmt::format("{} in {}", version, root.string()));
  }
  return missing("libtorch", "no TorchConfig.cmake in LIBTORCH, a Python environment or the system",
                 "./setup --full");
}

/// A program of ours that only preset full has.
Check check_device_program(const char* name, const char* file) {
  std::error_code failure;
  const fs::path self = fs::read_symlink("/proc/self/exe", failure);
  const fs::path program = self.parent_path() / file;
  if (!failure && is_there(program)) return present(name, program.string());
  return missing(name, fmt::format("no {} beside this program", file),
                 "./setup --full, and build preset full");
}

std::vector<Check> check_gpus(const profiler::NvidiaDriver& driver) {
  const std::string remedy = "install NVIDIA's driver, or run on a machine that has one";
  if (driver.state == profiler::Nvml::State::kAbsent) {
    return {missing("driver", "no libnvidia-ml.so.1", remedy),
            missing("gpu", "no driver to ask", remedy)};
  }
  if (driver.state == profiler::Nvml::State::kFailing) {
    return {unknown("driver", driver.problem, "nvidia-smi shows the driver's state"),
            unknown("gpu", "the driver did not answer", "")};
  }
  const Check found =
      present("driver", driver.version.empty() ? "unknown version" : driver.version);
  if (driver.gpus.empty()) {
    return {found, missing("gpu", "the driver sees none",
                           "see CUDA_VISIBLE_DEVICES and the container's devices")};
  }
  std::vector<std::string> names;
  for (const profiler::NvidiaGpu& gpu : driver.gpus) names.push_back(gpu.describe());
  return {found, present("gpu", fmt::format("{}", fmt::join(names, "; ")))};
}

}  // namespace

Check check_counters(const profiler::NvidiaDriver& driver, const fs::path& root) {
  if (driver.state == profiler::Nvml::State::kAbsent) {
    return missing("counters", "no driver to ask",
                   "install NVIDIA's driver, or run on a machine that has one");
  }
  // A line of /proc/driver/nvidia/params is "RmProfilingAdminOnly: 1".
  const std::string restricted =
      proc_entry(root / "proc/driver/nvidia/params", "RmProfilingAdminOnly");
  if (restricted == "0") return present("counters", "open to all users");
  const std::string capabilities = proc_entry(root / "proc/self/status", "CapEff");  // hexadecimal
  std::uint64_t bits = 0;
  std::from_chars(capabilities.data(), capabilities.data() + capabilities.size(), bits, 16);
  constexpr std::uint64_t kSysAdmin = 1ULL << 21U;  // CAP_SYS_ADMIN, capabilities(7)
  if ((bits & kSysAdmin) != 0) return present("counters", "of administrators, as this process is");
  if (restricted.empty()) {
    return unknown("counters", "no RmProfilingAdminOnly in /proc/driver/nvidia/params",
                   "profile_model --kernels tells");
  }
  return missing("counters", "of administrators only (RmProfilingAdminOnly)",
                 "run with CAP_SYS_ADMIN, or: echo options nvidia "
                 "NVreg_RestrictProfilingToAdminUsers=0 | sudo tee "
                 "/etc/modprobe.d/nvidia-profiling.conf, and restart");
}

std::vector<Check> device_checks(const profiler::NvidiaDriver& driver) {
  std::vector<Check> checks = check_gpus(driver);
  checks.push_back(check_cuda());
  checks.push_back(check_header({"nccl",
                                 "nccl.h",
                                 "nccl.h",
                                 {"NCCL_MAJOR", "NCCL_MINOR"},
                                 cuda_includes(),
                                 "install NVIDIA's libnccl-dev, 2.28 or newer"}));
  checks.push_back(check_header({"cupti",
                                 "cupti.h",
                                 "cupti_version.h",
                                 {"CUPTI_API_VERSION"},
                                 cuda_includes(),
                                 "install the CUDA Toolkit's CUPTI package"}));
  checks.push_back(check_counters(driver));
  checks.push_back(check_libtorch());
  checks.push_back(check_device_program("ranks", "sextant_profile_rank"));
  checks.push_back(check_device_program("nccl_bench", "nccl_bench"));
  checks.push_back(check_device_program("run_plan", "run_plan"));
  return checks;
}

}  // namespace sextant::cli
