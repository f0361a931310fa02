#include "profiler/device/versions.h"

#include <fmt/format.h>
#if __has_include(<torch/headeronly/version.h>)
#include <torch/headeronly/version.h>
#else
#include <torch/csrc/api/include/torch/version.h>
#endif
#ifdef SEXTANT_TORCH_CUDA
#include <cuda_runtime_api.h>
#include <nccl.h>
#endif

namespace sextant::profiler {

std::map<std::string, std::string> library_versions() {
  std::map<std::string, std::string> out = {
      {"libtorch",
       fmt::format("{}.{}.{}", TORCH_VERSION_MAJOR, TORCH_VERSION_MINOR, TORCH_VERSION_PATCH)}};
#ifdef SEXTANT_TORCH_CUDA
  int cuda = 0;
  if (cudaRuntimeGetVersion(&cuda) == cudaSuccess) {
    out["cuda"] = fmt::format("{}.{}", cuda / 1000, cuda % 1000 / 10);
  }
  int nccl = 0;
  if (ncclGetVersion(&nccl) == ncclSuccess) {
    out["nccl"] = fmt::format("{}.{}.{}", nccl / 10000, nccl % 10000 / 100, nccl % 100);
  }
#endif
  return out;
}

}  // namespace sextant::profiler
