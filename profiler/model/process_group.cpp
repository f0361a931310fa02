#include "profiler/model/process_group.h"

#include <ATen/ATen.h>
#include <charconv>
#include <cstdlib>
#include <string>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#ifdef USE_C10D_GLOO
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#endif
#ifdef SEXTANT_TORCH_CUDA
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>
#endif

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::profiler {

namespace {

/// On a GPU this orders the current stream only; on a CPU the operation is done.
void finish(const c10::intrusive_ptr<c10d::Work>& work) {
  if (work) work->wait();
}

void all_reduce(c10d::Backend& backend, at::Tensor& tensor, c10d::ReduceOp operation) {
  std::vector<at::Tensor> tensors{tensor};
  c10d::AllreduceOptions options;
  options.reduceOp = std::move(operation);
  options.asyncOp = false;  // on the current stream, not on one of the backend's own
  finish(backend.allreduce(tensors, options));
}

std::vector<std::int64_t> with_rows(const at::Tensor& tensor, std::int64_t rows) {
  std::vector<std::int64_t> shape = tensor.sizes().vec();
  shape.front() = rows;
  return shape;
}

[[noreturn]] void no_backend(std::string_view name, std::string_view device,
                             std::string_view hint) {
  throw_usage(
      fmt::format("this build has no {}, which ranks on {} devices exchange tensors with; {}", name,
                  device, hint));
}

c10::intrusive_ptr<c10d::Backend> make_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int size, at::Device device,
                                               std::chrono::milliseconds timeout) {
  if (device.is_cuda()) {
#ifdef SEXTANT_TORCH_CUDA
    auto options = c10d::ProcessGroupNCCL::Options::create();
    options->timeout = timeout;
    return c10::make_intrusive<c10d::ProcessGroupNCCL>(store, rank, size, options);
#else
    no_backend("NCCL", "CUDA", "profile one shard alone, without real collectives");
#endif
  }
#ifdef USE_C10D_GLOO
  return c10::make_intrusive<c10d::ProcessGroupGloo>(
      store, rank, size, c10d::ProcessGroupGloo::Options::create_default(timeout));
#else
  no_backend("Gloo", "CPU", "install Gloo's headers (libgloo-dev) and configure again");
#endif
}

}  // namespace

ProcessGroupCollectives::ProcessGroupCollectives(c10::intrusive_ptr<c10d::Backend> backend,
                                                 int rank, int size)
    : backend_(std::move(backend)), rank_(rank), size_(size) {}

ProcessGroupCollectives::~ProcessGroupCollectives() = default;

void ProcessGroupCollectives::all_reduce_sum(at::Tensor& tensor) {
  all_reduce(*backend_, tensor, c10d::ReduceOp::SUM);
}

void ProcessGroupCollectives::all_reduce_max(at::Tensor& tensor) {
  all_reduce(*backend_, tensor, c10d::ReduceOp::MAX);
}

at::Tensor ProcessGroupCollectives::all_gather(const at::Tensor& rows) {
  at::Tensor own = rows.contiguous();
  at::Tensor all = at::empty(with_rows(own, own.size(0) * size_), own.options());
  c10d::AllgatherOptions options;
  options.asyncOp = false;
  finish(backend_->_allgather_base(all, own, options));
  return all;
}

at::Tensor ProcessGroupCollectives::reduce_scatter(const at::Tensor& rows) {
  at::Tensor all = rows.contiguous();
  at::Tensor own = at::empty(with_rows(all, all.size(0) / size_), all.options());
  c10d::ReduceScatterOptions options;
  options.asyncOp = false;
  finish(backend_->_reduce_scatter_base(own, all, options));
  return own;
}

c10::intrusive_ptr<c10d::Backend> open_backend(const c10::intrusive_ptr<c10d::Store>& store,
                                               int rank, int size, at::Device device,
                                               std::chrono::milliseconds timeout) {
  try {
    return make_backend(store, rank, size, device, timeout);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw_bad_input(fmt::format("rank {} of {} did not meet the others within {} s: {}", rank, size,
                                std::chrono::duration<double>(timeout).count(),
                                quote(error.what(), 300)));
  }
}

std::unique_ptr<Collectives> join_group(const c10::intrusive_ptr<c10d::Store>& store, int rank,
                                        int size, at::Device device,
                                        std::chrono::milliseconds timeout) {
  return std::make_unique<ProcessGroupCollectives>(open_backend(store, rank, size, device, timeout),
                                                   rank, size);
}

c10::intrusive_ptr<c10d::Store> store_from_environment(int rank, int size,
                                                       std::chrono::milliseconds timeout) {
  const char* address = std::getenv("MASTER_ADDR");
  const char* port_text = std::getenv("MASTER_PORT");
  if (address == nullptr || port_text == nullptr) {
    throw_usage(fmt::format("{} is not set; ranks meet at MASTER_ADDR, port MASTER_PORT",
                            address == nullptr ? "MASTER_ADDR" : "MASTER_PORT"));
  }
  const std::string_view port = port_text;
  c10d::TCPStoreOptions options;
  const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), options.port);
  if (failure != std::errc{} || end != port.data() + port.size()) {
    throw_usage(fmt::format("MASTER_PORT is {}; expected a port number", quote(port)));
  }
  options.isServer = rank == 0;
  options.numWorkers = static_cast<std::size_t>(size);
  options.timeout = timeout;
  try {
    return c10::make_intrusive<c10d::TCPStore>(address, options);
  } catch (const std::exception& error) {
    throw_bad_input(fmt::format("rank {} did not reach the others' meeting point {}:{}: {}", rank,
                                quote(address), port, quote(error.what(), 300)));
  }
}

}  // namespace sextant::profiler
