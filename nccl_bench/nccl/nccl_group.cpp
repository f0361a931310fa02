#include "nccl_bench/nccl/nccl_group.h"

#include <algorithm>
#include <atomic>
#include <cstring>
#include <nccl.h>
#include <thread>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "nccl_bench/nccl/cuda_events.h"
#include "nccl_bench/nccl/cuda_memory.h"
#include "nccl_bench/nccl/element_kernels.h"
#include "nccl_bench/nccl/gpu_rank.h"
#include "nccl_bench/result_layout.h"

namespace sextant::bench {

namespace {

static_assert(sizeof(NcclId) == NCCL_UNIQUE_ID_BYTES);

ncclDataType_t nccl_type(ElementType type) {
  switch (type) {
    case ElementType::kInt8:
      return ncclInt8;
    case ElementType::kInt32:
      return ncclInt32;
    case ElementType::kFp16:
      return ncclFloat16;
    case ElementType::kBf16:
      return ncclBfloat16;
    case ElementType::kFp32:
      return ncclFloat32;
    case ElementType::kFp64:
      return ncclFloat64;
  }
  return ncclFloat32;
}

class NcclGroup : public Group {
 public:
  NcclGroup(int rank, int size, int device, std::chrono::milliseconds timeout, const NcclLog& log)
      : rank_(rank), size_(size), device_(device), timeout_(timeout), log_(log), gpu_(device) {}

  /// Apart from the constructor, so that what was begun is undone where it fails.
  void join(const NcclId& id) {
    expect_cuda(cudaSetDevice(device_), "choosing the GPU");
    expect_cuda(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "making a stream");
    ncclUniqueId unique;
    std::memcpy(&unique, id.data(), id.size());
    // Blocking: otherwise NCCL starts a thread for every operation, which small messages would
    // show. All ranks are known to be there, so that it does not wait for one that never comes.
    ask(ncclCommInitRank(&communicator_, size_, unique, rank_), "joining the group");
    wrong_.at_least(sizeof(unsigned long long));
  }

  ~NcclGroup() override {
    cudaSetDevice(device_);
    if (communicator_ != nullptr && !aborted_.exchange(true)) {
      // Destroying waits for the partners, which may be gone where something failed.
      if (failed_) {
        ncclCommAbort(communicator_);
      } else {
        ncclCommDestroy(communicator_);
      }
    }
    if (stream_ != nullptr) cudaStreamDestroy(stream_);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void prepare(const Operation& operation) override {
    operation_ = operation;
    layout_ = result_layout(operation, rank_, size_);
    const auto bytes = [&](std::int64_t elements) {
      return static_cast<std::size_t>(elements) * static_cast<std::size_t>(size_of(operation.type));
    };
    using Op = CommunicationOp;
    const bool from_host = operation.op == Op::kCopyHostToDevice;
    const bool to_host = operation.op == Op::kCopyDeviceToHost;
    if (operation.in_place) {
      char* const both = input_.at_least(bytes(std::max(layout_.input, layout_.result)));
      give_ = both + bytes(layout_.input_offset);
      get_ = both + bytes(layout_.result_offset);
    } else {
      give_ = from_host ? pinned_.at_least(bytes(layout_.input))
                        : input_.at_least(bytes(layout_.input));
      get_ = to_host ? pinned_.at_least(bytes(layout_.result))
                     : result_.at_least(bytes(layout_.result));
    }
    result_bytes_ = bytes(layout_.result);
    fill(0);
    wait("filling the buffers");
  }

  std::vector<double> run(int iterations) override {
    gpu_.begin_measuring();
    meet();
    events_.record(0, stream_);
    for (int i = 0; i < iterations; ++i) {
      enqueue();
      events_.record(static_cast<std::size_t>(i) + 1, stream_);
    }
    wait("the operation");
    gpu_.end_measuring();
    return events_.seconds(iterations);
  }

  std::int64_t count_wrong(int round, bool spoil) override {
    fill(round);
    const bool on_host = operation_.op == CommunicationOp::kCopyDeviceToHost;
    // So that what a former round left there does not pass for a result.
    if (on_host) {
      std::memset(get_, 0xff, result_bytes_);
    } else if (!operation_.in_place && result_bytes_ > 0) {
      expect_cuda(cudaMemsetAsync(get_, 0xff, result_bytes_, stream_), "clearing the result");
    }
    enqueue();
    void* compared = get_;
    if (on_host) {
      compared = result_.at_least(result_bytes_);
      expect_cuda(cudaMemcpyAsync(compared, get_, result_bytes_, cudaMemcpyHostToDevice, stream_),
                  "copying the result back");
    }
    if (spoil) spoil_element(compared, operation_.type, layout_.result, stream_);
    auto* const wrong = reinterpret_cast<unsigned long long*>(wrong_.at_least(0));
    expect_cuda(cudaMemsetAsync(wrong, 0, sizeof *wrong, stream_), "clearing the count");
    count_wrong_elements(compared, operation_.type, layout_.result,
                         result_rule(operation_, rank_, size_, round), wrong, stream_);
    unsigned long long count = 0;
    expect_cuda(cudaMemcpyAsync(&count, wrong, sizeof count, cudaMemcpyDeviceToHost, stream_),
                "reading the count");
    wait("comparing the result");
    return static_cast<std::int64_t>(count);
  }

  void abort() override {
    if (!aborted_.exchange(true)) ncclCommAbort(communicator_);
  }

  std::map<std::string, std::string> details() const override {
    std::map<std::string, std::string> details = gpu_.details();
    details["nccl"] = nccl_version();
    const NcclChoices choices = log_.choices();
    for (const auto& [name, value] : {std::pair{"transport", choices.transport_text()},
                                      {"network", choices.network},
                                      {"interface", choices.interface},
                                      {"bootstrap", choices.bootstrap}}) {
      if (!value.empty()) details[name] = value;
    }
    return details;
  }

 private:
  [[noreturn]] void fail(ncclResult_t result, const char* doing) {
    failed_ = true;
    const char* const last = ncclGetLastError(communicator_);
    throw_bad_input(
        fmt::format("rank {}: {}: NCCL says \"{}\"{}", rank_, doing, ncclGetErrorString(result),
                    last != nullptr && *last != '\0' ? fmt::format(" ({})", last) : ""));
  }

  void ask(ncclResult_t result, const char* doing = "the operation") {
    if (result != ncclSuccess) fail(result, doing);
  }

  /// Until the stream is empty; looks meanwhile whether a partner died.
  void wait(const char* doing) {
    const auto deadline = std::chrono::steady_clock::now() + timeout_;
    while (true) {
      const cudaError_t state = cudaStreamQuery(stream_);
      if (state == cudaSuccess) return;
      if (state != cudaErrorNotReady) expect_cuda(state, doing);
      ncclResult_t nccl = ncclSuccess;
      ncclCommGetAsyncError(communicator_, &nccl);
      if (nccl != ncclSuccess && nccl != ncclInProgress) fail(nccl, doing);
      if (aborted_ || std::chrono::steady_clock::now() > deadline) {
        failed_ = true;
        throw_bad_input(fmt::format("rank {}: {}: not done within {} s", rank_, doing,
                                    std::chrono::duration<double>(timeout_).count()));
      }
      std::this_thread::yield();
    }
  }

  void fill(int round) {
    const ValueRule values =
        ValueRule::of(size_, round, largest_exact(operation_.type), is_reduction(operation_.op));
    if (operation_.op == CommunicationOp::kCopyHostToDevice) {
      const auto bytes = static_cast<std::size_t>(layout_.input) *
                         static_cast<std::size_t>(size_of(operation_.type));
      char* const staged = input_.at_least(bytes);
      fill_elements(staged, operation_.type, layout_.input, values, rank_, stream_);
      expect_cuda(cudaMemcpyAsync(give_, staged, bytes, cudaMemcpyDeviceToHost, stream_),
                  "filling pinned memory");
    } else {
      fill_elements(give_, operation_.type, layout_.input, values, rank_, stream_);
    }
    expect_cuda(cudaGetLastError(), "filling the buffers");
  }

  /// The ranks that take part begin together: each waits, on its stream, for a byte of its
  /// partners.
  void meet() {
    const bool copies = operation_.op >= CommunicationOp::kCopyDeviceToDevice;
    if (size_ == 1 || copies) return;
    char* const token = token_.at_least(2);
    if (operation_.op != CommunicationOp::kSendRecv) {
      ask(ncclAllReduce(token, token, 1, ncclInt8, ncclSum, communicator_, stream_));
      return;
    }
    // Both ways, so that the sender waits as well.
    ask(ncclGroupStart());
    for (const int partner : {operation_.send_to, operation_.receive_from}) {
      if (partner < 0) continue;
      ask(ncclSend(token, 1, ncclInt8, partner, communicator_, stream_));
      ask(ncclRecv(token + 1, 1, ncclInt8, partner, communicator_, stream_));
    }
    ask(ncclGroupEnd());
  }

  void copy(cudaMemcpyKind kind) {
    expect_cuda(cudaMemcpyAsync(get_, give_, result_bytes_, kind, stream_), "copying");
  }

  void enqueue() {
    const ncclDataType_t type = nccl_type(operation_.type);
    const auto given = static_cast<std::size_t>(layout_.input);
    const auto result = static_cast<std::size_t>(layout_.result);
    switch (operation_.op) {
      case CommunicationOp::kSendRecv:
        ask(ncclGroupStart());
        if (operation_.send_to >= 0) {
          ask(ncclSend(give_, given, type, operation_.send_to, communicator_, stream_));
        }
        if (operation_.receive_from >= 0) {
          ask(ncclRecv(get_, result, type, operation_.receive_from, communicator_, stream_));
        }
        ask(ncclGroupEnd());
        break;
      case CommunicationOp::kAllReduce:
        ask(ncclAllReduce(give_, get_, given, type, ncclSum, communicator_, stream_));
        break;
      case CommunicationOp::kAllGather:
        ask(ncclAllGather(give_, get_, given, type, communicator_, stream_));
        break;
      case CommunicationOp::kReduceScatter:
        ask(ncclReduceScatter(give_, get_, result, type, ncclSum, communicator_, stream_));
        break;
      case CommunicationOp::kAllToAll: {
        const std::size_t share = given / static_cast<std::size_t>(size_);
        const std::size_t bytes = share * static_cast<std::size_t>(size_of(operation_.type));
        ask(ncclGroupStart());
        for (int peer = 0; peer < size_; ++peer) {
          const std::size_t place = static_cast<std::size_t>(peer) * bytes;
          ask(ncclSend(give_ + place, share, type, peer, communicator_, stream_));
          ask(ncclRecv(get_ + place, share, type, peer, communicator_, stream_));
        }
        ask(ncclGroupEnd());
        break;
      }
      case CommunicationOp::kBroadcast:
        ask(ncclBroadcast(give_, get_, given, type, 0, communicator_, stream_));
        break;
      case CommunicationOp::kCopyDeviceToDevice:
        copy(cudaMemcpyDeviceToDevice);
        break;
      case CommunicationOp::kCopyHostToDevice:
        copy(cudaMemcpyHostToDevice);
        break;
      case CommunicationOp::kCopyDeviceToHost:
        copy(cudaMemcpyDeviceToHost);
        break;
    }
  }

  int rank_;
  int size_;
  int device_;
  std::chrono::milliseconds timeout_;
  const NcclLog& log_;
  GpuRank gpu_;
  std::atomic<bool> aborted_ = false;
  bool failed_ = false;
  ncclComm_t communicator_ = nullptr;
  cudaStream_t stream_ = nullptr;
  CudaEvents events_;
  CudaMemory input_{CudaMemory::Place::kDevice};
  CudaMemory result_{CudaMemory::Place::kDevice};
  CudaMemory pinned_{CudaMemory::Place::kPinnedHost};
  CudaMemory token_{CudaMemory::Place::kDevice};
  CudaMemory wrong_{CudaMemory::Place::kDevice};

  Operation operation_;
  ResultLayout layout_;
  std::size_t result_bytes_ = 0;
  char* give_ = nullptr;
  char* get_ = nullptr;
};

}  // namespace

NcclId make_nccl_id() {
  ncclUniqueId unique;
  const ncclResult_t result = ncclGetUniqueId(&unique);
  if (result != ncclSuccess) {
    throw_bad_input(fmt::format("starting a group: NCCL says \"{}\"", ncclGetErrorString(result)));
  }
  NcclId id{};
  std::memcpy(id.data(), &unique, id.size());
  return id;
}

std::string nccl_version() {
  int version = 0;
  ncclGetVersion(&version);
  // NCCL_VERSION(x, y, z) of nccl.h, since 2.9.
  return fmt::format("{}.{}.{}", version / 10000, version / 100 % 100, version % 100);
}

std::unique_ptr<Group> open_nccl_group(const NcclId& id, int rank, int size, int device,
                                       std::chrono::milliseconds timeout, const NcclLog& log) {
  auto group = std::make_unique<NcclGroup>(rank, size, device, timeout, log);
  group->join(id);
  return group;
}

}  // namespace sextant::bench
