#include "nccl_bench/nccl/cuda_load.h"

#include <ATen/ATen.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>

#include "analyzer/core/error.h"
#include "nccl_bench/nccl/cuda_events.h"
#include "nccl_bench/torch_type.h"

namespace sextant::bench {

namespace {

class CudaLoad : public ComputeLoad {
 public:
  explicit CudaLoad(int device)
      : stream_(c10::cuda::getStreamFromPool(false, static_cast<c10::DeviceIndex>(device))) {}

  void prepare(int matrix_size, ElementType type) override {
    const c10::cuda::CUDAStreamGuard guard(stream_);
    const auto options = at::TensorOptions().dtype(scalar_type(type)).device(stream_.device());
    try {
      a_ = at::ones({matrix_size, matrix_size}, options);
      b_ = at::ones({matrix_size, matrix_size}, options);
      product_ = at::empty({matrix_size, matrix_size}, options);
    } catch (const c10::OutOfMemoryError&) {
      throw_bad_input("no GPU memory for matrices");
    }
    stream_.synchronize();
  }

  std::vector<double> run(int products) override {
    const c10::cuda::CUDAStreamGuard guard(stream_);
    events_.record(0, stream_);
    for (int i = 0; i < products; ++i) {
      at::mm_out(product_, a_, b_);
      events_.record(static_cast<std::size_t>(i) + 1, stream_);
    }
    stream_.synchronize();
    return events_.seconds(products);
  }

 private:
  c10::cuda::CUDAStream stream_;
  CudaEvents events_;
  at::Tensor a_;
  at::Tensor b_;
  at::Tensor product_;
};

}  // namespace

std::unique_ptr<ComputeLoad> open_cuda_load(int device) {
  return std::make_unique<CudaLoad>(device);
}

}  // namespace sextant::bench
