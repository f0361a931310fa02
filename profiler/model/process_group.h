#pragma once

#include <c10/core/Device.h>
#include <c10/util/intrusive_ptr.h>
#include <chrono>
#include <memory>

#include "profiler/model/collectives.h"

namespace c10d {
class Backend;
class Store;
}  // namespace c10d

namespace sextant::profiler {

/// Collectives that really run: c10d's NCCL on CUDA devices, where they are enqueued on the current
/// stream, and its Gloo on CPUs, where they are done on return.
class ProcessGroupCollectives : public Collectives {
 public:
  ProcessGroupCollectives(c10::intrusive_ptr<c10d::Backend> backend, int rank, int size);
  ~ProcessGroupCollectives() override;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void all_reduce_sum(at::Tensor& tensor) override;
  void all_reduce_max(at::Tensor& tensor) override;
  at::Tensor all_gather(const at::Tensor& rows) override;
  at::Tensor reduce_scatter(const at::Tensor& rows) override;

 private:
  c10::intrusive_ptr<c10d::Backend> backend_;
  int rank_;
  int size_;
};

/// Joins rank `rank` of `size` that meet in `store`, for operations of c10d itself; else as
/// join_group().
c10::intrusive_ptr<c10d::Backend> open_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int size, at::Device device,
                                               std::chrono::milliseconds timeout);

/// Joins rank `rank` of `size` that meet in `store`; returns when all are there. An operation that
/// waits longer than `timeout` for another rank throws c10::Error (NCCL ends the process). Throws
/// Error(kUsage) where this build has no backend for `device`, Error(kBadInput) where the ranks do
/// not find each other.
std::unique_ptr<Collectives> join_group(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                        int size, at::Device device,
                                        std::chrono::milliseconds timeout);

/// The store of the environment's MASTER_ADDR and MASTER_PORT, which rank 0 serves. Throws
/// Error(kUsage) where one is missing or no port, Error(kBadInput) where it cannot be reached.
c10::intrusive_ptr<c10d::Store> store_from_environment(int rank, int size,
                                                       std::chrono::milliseconds timeout);

}  // namespace sextant::profiler
