#include "cli/doctor_checks.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sys/sysinfo.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "profiler/device/nvidia_driver.h"

namespace sextant::cli {

namespace {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_there(const fs::path& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

/// Directories of a list such as PATH that are absolute; relative ones depend on where one stands.
std::vector<fs::path> directories_of(const std::string& list) {
  std::vector<fs::path> found;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (const fs::path path = list.substr(begin, end - begin); path.is_absolute()) {
      found.push_back(path);
    }
    begin = end + 1;
  }
  return found;
}

std::optional<fs::path> find_program(const std::string& name,
                                     const std::vector<fs::path>& further = {}) {
  std::vector<fs::path> places = directories_of(environment("PATH"));
  places.insert(places.end(), further.begin(), further.end());
  for (const fs::path& place : places) {
    const fs::path program = place / name;
    std::error_code failure;
    if (fs::is_regular_file(program, failure) && ::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return std::nullopt;
}

/// The value after `#define NAME` in a header, or "".
std::string macro_value(const fs::path& header, const std::string& name) {
  std::ifstream in(header);
  const std::string define = "#define " + name;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(define, 0) != 0 || line.size() == define.size()) continue;
    const std::size_t begin = line.find_first_not_of(" \t", define.size());
    if (begin == define.size() || begin == std::string::npos) continue;
    return line.substr(begin, line.find_first_of(" \t\r/", begin) - begin);
  }
  return "";
}

Check present(std::string name, std::string found) {
  return {std::move(name), Presence::kPresent, std::move(found), ""};
}
Check missing(std::string name, std::string tried, std::string remedy) {
  return {std::move(name), Presence::kMissing, std::move(tried), std::move(remedy)};
}

Check check_program(const std::string& name, const std::string& remedy) {
  const auto program = find_program(name);
  return program ? present(name, program->string()) : missing(name, "not in PATH", remedy);
}

/// A library that is known by a header in one of the places; `version` names the macros whose
/// values, joined by dots, are its version.
Check check_header(const std::string& name, const std::string& header,
                   const std::string& version_header, const std::vector<std::string>& version,
                   const std::vector<fs::path>& places, const std::string& remedy) {
  for (const fs::path& place : places) {
    if (!is_there(place / header)) continue;
    std::vector<std::string> parts;
    for (const std::string& macro : version) {
      parts.push_back(macro_value(place / version_header, macro));
    }
    return present(name, fmt::format("{} in {}", fmt::join(parts, "."), place.string()));
  }
  return missing(name, "no " + header, remedy);
}

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

/// site-packages directories where a wheel may lie: the active and the cached virtual environment,
/// then the system's.
std::vector<fs::path> site_packages() {
  std::string cache = environment("SEXTANT_CACHE");
  if (cache.empty()) cache = environment("HOME") + "/.cache/sextant";
  std::vector<fs::path> found;
  for (const fs::path& root : {fs::path(environment("VIRTUAL_ENV")), fs::path(cache) / "venv",
                               fs::path("/usr/local"), fs::path("/usr")}) {
    std::error_code failure;
    std::vector<fs::path> versions;
    if (!root.is_absolute()) continue;
    for (fs::directory_iterator entry(root / "lib", failure), end; !failure && entry != end;
         entry.increment(failure)) {
      if (entry->path().filename().string().rfind("python3", 0) == 0) {
        versions.push_back(entry->path());
      }
    }
    std::sort(versions.begin(), versions.end());
    for (const fs::path& version : versions) {
      found.push_back(version / "site-packages");
      found.push_back(version / "dist-packages");
    }
  }
  return found;
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

std::vector<Check> check_gpus() {
  const profiler::NvidiaDriver driver = profiler::ask_nvidia_driver();
  const std::string remedy = "install NVIDIA's driver, or run on a machine that has one";
  if (driver.state == profiler::Nvml::State::kAbsent) {
    return {missing("driver", "no libnvidia-ml.so.1", remedy),
            missing("gpu", "no driver to ask", remedy)};
  }
  if (driver.state == profiler::Nvml::State::kFailing) {
    return {{"driver", Presence::kUnknown, driver.problem, "nvidia-smi shows the driver's state"},
            {"gpu", Presence::kUnknown, "the driver did not answer", ""}};
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

Check check_machine() {
  struct sysinfo info {};
  const std::string memory =
      ::sysinfo(&info) == 0
          ? format_bytes(static_cast<double>(info.totalram) * static_cast<double>(info.mem_unit))
          : "unknown size";
  const unsigned threads = std::thread::hardware_concurrency();
  return present("machine", fmt::format("{} hardware threads, {} of memory",
                                        threads > 0 ? std::to_string(threads) : "unknown", memory));
}

Check check_data() {
  try {
    return present("data", data_directory().string());
  } catch (const Error& error) {
    return missing("data", error.message(),
                   "set SEXTANT_PROFILES to the profiles/ of the repository");
  }
}

Task judge(std::string name, const std::vector<std::string>& needs,
           const std::vector<Check>& checks) {
  Task task{std::move(name), Presence::kPresent, {}};
  for (const Check& check : checks) {
    if (std::find(needs.begin(), needs.end(), check.name) == needs.end()) continue;
    if (check.presence == Presence::kPresent) continue;
    task.lacks.push_back(check.name);
    if (task.ready != Presence::kMissing) task.ready = check.presence;
  }
  return task;
}

}  // namespace

std::string_view to_string(Presence presence) {
  switch (presence) {
    case Presence::kPresent:
      return "present";
    case Presence::kMissing:
      return "missing";
    case Presence::kUnknown:
      return "unknown";
  }
  return "unknown";
}

Diagnosis examine_machine() {
  Diagnosis diagnosis;
  std::vector<Check>& checks = diagnosis.checks;
  checks.push_back(check_machine());
  checks.push_back(check_data());
  for (const char* tool : {"c++", "cmake", "ninja"}) {
    checks.push_back(check_program(tool, "./setup"));
  }
  const std::vector<fs::path> system = {"/usr/include", "/usr/local/include"};
  checks.push_back(check_header("ceres", "ceres/ceres.h", "ceres/version.h",
                                {"CERES_VERSION_MAJOR", "CERES_VERSION_MINOR"}, system, "./setup"));
  checks.push_back(check_program("rsvg-convert", "./setup"));
  for (Check& check : check_gpus()) checks.push_back(std::move(check));
  checks.push_back(check_cuda());
  checks.push_back(check_header("nccl", "nccl.h", "nccl.h", {"NCCL_MAJOR", "NCCL_MINOR"},
                                cuda_includes(), "install NVIDIA's libnccl-dev, 2.28 or newer"));
  checks.push_back(check_header("cupti", "cupti.h", "cupti_version.h", {"CUPTI_API_VERSION"},
                                cuda_includes(), "install the CUDA Toolkit's CUPTI package"));
  checks.push_back(check_libtorch());
  std::vector<fs::path> highs = {"/usr/include/highs", "/usr/local/include/highs"};
  for (const fs::path& place : site_packages()) {
    highs.push_back(place / "highsbox/highs_dist/include/highs");
  }
  checks.push_back(
      check_header("highs", "Highs.h", "HConfig.h",
                   {"HIGHS_VERSION_MAJOR", "HIGHS_VERSION_MINOR", "HIGHS_VERSION_PATCH"}, highs,
                   "./setup --full"));
  checks.push_back(check_device_program("ranks", "sextant_profile_rank"));
  checks.push_back(check_device_program("nccl_bench", "nccl_bench"));
  checks.push_back(check_program("sbatch", "run on a Slurm cluster's login node"));

  diagnosis.tasks = {
      judge("plan, simulate and reproduce", {"data"}, checks),
      judge("write plots as PNG (SVG needs nothing)", {"rsvg-convert"}, checks),
      judge("build the analyzer and planners", {"c++", "cmake", "ninja"}, checks),
      judge("build sextant network fit", {"c++", "cmake", "ninja", "ceres"}, checks),
      judge("measure models on the CPU", {"libtorch", "ranks"}, checks),
      judge("measure networks between CPUs", {"libtorch", "nccl_bench"}, checks),
      judge("build programs for GPUs", {"cuda", "nccl", "cupti", "libtorch"}, checks),
      judge("measure models on GPUs", {"driver", "gpu", "ranks"}, checks),
      judge("measure networks between GPUs", {"driver", "gpu", "nccl_bench"}, checks),
      judge("submit jobs to Slurm", {"sbatch"}, checks),
  };
  return diagnosis;
}

}  // namespace sextant::cli
