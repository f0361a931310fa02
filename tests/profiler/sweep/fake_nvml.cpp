// Stands in for the driver's libnvidia-ml.so.1: FAKE_GPUS names the devices, "NAME|MiB|USED
// MiB|PID" separated by semicolons; FAKE_NVML_ERROR makes nvmlInit fail with that number.

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <sstream>
#include <string>
#include <vector>

namespace {

struct Gpu {
  std::string name;
  unsigned long long mebibytes = 0;
  unsigned long long used_mebibytes = 0;
  unsigned process = 0;
};

std::vector<Gpu>& gpus() {
  static std::vector<Gpu> list = [] {
    std::vector<Gpu> out;
    const char* text = std::getenv("FAKE_GPUS");
    std::istringstream entries(text == nullptr ? "" : text);
    for (std::string entry; std::getline(entries, entry, ';');) {
      std::istringstream parts(entry);
      std::string total;
      std::string used;
      std::string process;
      Gpu gpu;
      std::getline(parts, gpu.name, '|');
      std::getline(parts, total, '|');
      std::getline(parts, used, '|');
      std::getline(parts, process, '|');
      gpu.mebibytes = std::stoull(total);
      gpu.used_mebibytes = std::stoull(used);
      gpu.process = static_cast<unsigned>(std::stoul(process));
      out.push_back(gpu);
    }
    return out;
  }();
  return list;
}

int put(const std::string& text, char* out, unsigned length) {
  std::snprintf(out, length, "%s", text.c_str());
  return 0;
}

}  // namespace

extern "C" {

struct Memory {
  unsigned long long total, free, used;
};
struct Process {
  unsigned id;
  unsigned long long used;
  unsigned gpu_instance, compute_instance;
};

int nvmlInit_v2() {
  const char* code = std::getenv("FAKE_NVML_ERROR");
  return code == nullptr ? 0 : std::atoi(code);
}
int nvmlShutdown() {
  return 0;
}
const char* nvmlErrorString(int) {
  return "Driver/library version mismatch";
}
int nvmlSystemGetDriverVersion(char* out, unsigned length) {
  return put("580.65.06", out, length);
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) {
  *version = 13000;
  return 0;
}
int nvmlSystemGetProcessName(unsigned, char* out, unsigned length) {
  return put("/usr/bin/train --fast", out, length);
}
int nvmlDeviceGetCount_v2(unsigned* count) {
  *count = static_cast<unsigned>(gpus().size());
  return 0;
}
int nvmlDeviceGetHandleByIndex_v2(unsigned index, Gpu** device) {
  *device = &gpus()[index];
  return 0;
}
int nvmlDeviceGetName(Gpu* device, char* out, unsigned length) {
  return put(device->name, out, length);
}
int nvmlDeviceGetUUID(Gpu* device, char* out, unsigned length) {
  return put("GPU-" + std::to_string(device - gpus().data()) + "abc", out, length);
}
int nvmlDeviceGetMemoryInfo(Gpu* device, Memory* memory) {
  memory->total = device->mebibytes << 20;
  memory->used = device->used_mebibytes << 20;
  memory->free = memory->total - memory->used;
  return 0;
}
int nvmlDeviceGetComputeRunningProcesses_v3(Gpu* device, unsigned* count, Process* processes) {
  *count = device->process == 0 ? 0 : 1;
  if (*count > 0) processes[0] = {device->process, device->used_mebibytes << 20, 0, 0};
  return 0;
}

}  // extern "C"
