#include <ATen/ATen.h>
#include <ATen/Parallel.h>
#include <chrono>

#include "analyzer/core/error.h"
#include "nccl_bench/overlap.h"
#include "nccl_bench/torch_type.h"

namespace sextant::bench {

namespace {

class CpuLoad : public ComputeLoad {
 public:
  explicit CpuLoad(int threads) : threads_(threads) {}

  void prepare(int matrix_size, ElementType type) override {
    const auto options = at::TensorOptions().dtype(scalar_type(type));
    try {
      // Zeros would be as fast, but small numbers that never become denormal are closer to life.
      a_ = at::ones({matrix_size, matrix_size}, options);
      b_ = at::ones({matrix_size, matrix_size}, options);
      product_ = at::empty({matrix_size, matrix_size}, options);
    } catch (const c10::Error&) {
      throw_bad_input("no memory for matrices");
    }
  }

  std::vector<double> run(int products) override {
    using Clock = std::chrono::steady_clock;
    at::set_num_threads(threads_);  // of the calling thread
    std::vector<double> seconds;
    for (int i = 0; i < products; ++i) {
      const Clock::time_point start = Clock::now();
      at::mm_out(product_, a_, b_);
      seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    return seconds;
  }

 private:
  int threads_;
  at::Tensor a_;
  at::Tensor b_;
  at::Tensor product_;
};

}  // namespace

std::unique_ptr<ComputeLoad> open_cpu_load(int threads) {
  return std::make_unique<CpuLoad>(threads);
}

}  // namespace sextant::bench
