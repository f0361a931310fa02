#include "nccl_bench/gloo_group.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "nccl_bench/host_facts.h"
#include "nccl_bench/result_layout.h"
#include "nccl_bench/torch_type.h"

namespace sextant::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// Calls `work` with the elements' pointer.
template <typename Work>
void with_elements(const at::Tensor& tensor, ElementType type, const Work& work) {
  void* const data = tensor.data_ptr();
  switch (type) {
    case ElementType::kInt8:
      return work(static_cast<std::int8_t*>(data));
    case ElementType::kInt32:
      return work(static_cast<std::int32_t*>(data));
    case ElementType::kFp16:
      return work(static_cast<at::Half*>(data));
    case ElementType::kBf16:
      return work(static_cast<at::BFloat16*>(data));
    case ElementType::kFp32:
      return work(static_cast<float*>(data));
    case ElementType::kFp64:
      return work(static_cast<double*>(data));
  }
}

/// Element i becomes values(i).
template <typename Values>
void fill(const at::Tensor& tensor, ElementType type, const Values& values) {
  with_elements(tensor, type, [&](auto* data) {
    using Element = std::remove_reference_t<decltype(*data)>;
    for (std::int64_t i = 0; i < tensor.numel(); ++i) {
      data[i] = static_cast<Element>(static_cast<float>(values(i)));
    }
  });
}

template <typename Values>
std::int64_t count_others(const at::Tensor& tensor, ElementType type, const Values& values) {
  std::int64_t wrong = 0;
  with_elements(tensor, type, [&](const auto* data) {
    for (std::int64_t i = 0; i < tensor.numel(); ++i) {
      // NaN is wrong too.
      if (!(static_cast<double>(data[i]) == static_cast<double>(values(i)))) ++wrong;
    }
  });
  return wrong;
}

class GlooGroup : public Group {
 public:
  explicit GlooGroup(const GroupSetting& setting) : rank_(setting.rank), size_(setting.size) {
    auto options = c10d::ProcessGroupGloo::Options::create(setting.timeout);
    choose_interfaces(setting.rendezvous_host);
    for (const NetworkInterface& interface : interfaces_) {
      options->devices.push_back(c10d::ProcessGroupGloo::createDeviceForInterface(interface.name));
    }
    if (interfaces_.empty()) {
      options->devices.push_back(c10d::ProcessGroupGloo::createDefaultDevice());
    }
    backend_ = c10::make_intrusive<c10d::ProcessGroupGloo>(setting.store, rank_, size_, options);
  }

  int rank() const override { return rank_; }
  int size() const override { return size_; }

  void prepare(const Operation& operation) override {
    operation_ = operation;
    given_ = received_ = at::Tensor();
    const ResultLayout layout = result_layout(operation, rank_, size_);
    if (operation.in_place) {
      const at::Tensor both = buffer(std::max(layout.input, layout.result));
      given_ = both.narrow(0, layout.input_offset, layout.input);
      received_ = both.narrow(0, layout.result_offset, layout.result);
    } else {
      if (layout.input > 0) given_ = buffer(layout.input);
      if (layout.result > 0) received_ = buffer(layout.result);
    }
    fill_buffers(0);
  }

  std::vector<double> run(int iterations) override {
    std::vector<double> seconds;
    seconds.reserve(static_cast<std::size_t>(iterations));
    meet();
    for (int i = 0; i < iterations; ++i) {
      const Clock::time_point start = Clock::now();
      perform();
      seconds.push_back(std::chrono::duration<double>(Clock::now() - start).count());
    }
    return seconds;
  }

  std::int64_t count_wrong(int round, bool spoil) override {
    fill_buffers(round);
    perform();
    if (!received_.defined()) return 0;
    if (spoil) {
      const std::int64_t middle = received_.numel() / 2;
      fill(received_.narrow(0, middle, 1), operation_.type, [](std::int64_t) { return -1; });
    }
    const ResultRule rule = result_rule(operation_, rank_, size_, round);
    return count_others(received_, operation_.type, [&](std::int64_t i) { return rule.at(i); });
  }

  void abort() override {
    const std::lock_guard<std::mutex> lock(mutex_);
    try {
      // Sends and receives can be ended; a collective ends with its time limit.
      for (const auto& work : running_) work->abort();
    } catch (const std::exception&) {
    }
  }

  std::map<std::string, std::string> details() const override {
    std::map<std::string, std::string> out = {
        {"transport", "tcp"}, {"reduce_scatter", "an all_reduce of a copy, as c10d does it"}};
    std::vector<std::string> names;
    for (const NetworkInterface& interface : interfaces_) names.push_back(interface.name);
    if (names.empty()) return out;
    out["interface"] = fmt::format("{}", fmt::join(names, ","));
    out["transport"] = "tcp on " + out["interface"];
    out["address"] = interfaces_.front().address;
    if (!interfaces_.front().speed.empty()) out["link_speed"] = interfaces_.front().speed;
    return out;
  }

 private:
  using Works = std::vector<c10::intrusive_ptr<c10d::Work>>;
  static constexpr int kDataTag = 0;
  static constexpr int kMeetingTag = 1;

  void choose_interfaces(const std::string& rendezvous_host) {
    const char* const chosen = std::getenv("GLOO_SOCKET_IFNAME");
    if (chosen == nullptr || *chosen == '\0') {
      NetworkInterface found = interface_towards(rendezvous_host);
      if (!found.name.empty()) interfaces_.push_back(std::move(found));
      return;
    }
    std::string_view names = chosen;
    while (!names.empty()) {
      const std::size_t comma = std::min(names.find(','), names.size());
      interfaces_.push_back(interface_named(std::string(names.substr(0, comma))));
      names.remove_prefix(std::min(comma + 1, names.size()));
    }
  }

  at::Tensor buffer(std::int64_t elements) const {
    const double bytes = static_cast<double>(elements) * size_of(operation_.type);
    // The system promises more memory than it has, and ends processes later.
    if (bytes > available_memory_bytes()) {
      throw_bad_input(fmt::format("a buffer of {} does not fit into the memory that is left, {}",
                                  format_bytes(bytes), format_bytes(available_memory_bytes())));
    }
    try {
      return at::empty({elements}, at::TensorOptions().dtype(scalar_type(operation_.type)));
    } catch (const c10::Error&) {
      throw_bad_input(fmt::format("no memory for a buffer of {}", format_bytes(bytes)));
    }
  }

  /// Inputs as the rule says; elsewhere -1, which no result has.
  void fill_buffers(int round) {
    const ValueRule rule =
        ValueRule::of(size_, round, largest_exact(operation_.type), is_reduction(operation_.op));
    const auto nothing = [](std::int64_t) { return -1; };
    if (received_.defined()) fill(received_, operation_.type, nothing);
    const bool gives = operation_.op != CommunicationOp::kBroadcast || rank_ == 0;
    if (given_.defined() && gives) {
      fill(given_, operation_.type, [&](std::int64_t i) { return rule.given(rank_, i); });
    }
  }

  void finish(Works works) {
    {
      const std::lock_guard<std::mutex> lock(mutex_);
      running_ = works;
    }
    for (const auto& work : works) work->wait();
    const std::lock_guard<std::mutex> lock(mutex_);
    running_.clear();
  }

  void exchange(at::Tensor& out, at::Tensor& in, int to, int from, int tag) {
    Works works;
    std::vector<at::Tensor> ins{in};
    std::vector<at::Tensor> outs{out};
    if (from >= 0) works.push_back(backend_->recv(ins, from, tag));
    if (to >= 0) works.push_back(backend_->send(outs, to, tag));
    finish(std::move(works));
  }

  /// Those who take part begin together.
  void meet() {
    if (operation_.op == CommunicationOp::kSendRecv) {
      at::Tensor token = at::zeros({1}, at::kChar);
      at::Tensor answer = at::zeros({1}, at::kChar);
      // The receiver says that it is ready, the sender that it begins.
      exchange(token, answer, operation_.receive_from, operation_.send_to, kMeetingTag);
      exchange(token, answer, operation_.send_to, operation_.receive_from, kMeetingTag);
    } else if (is_collective(operation_.op)) {
      finish({backend_->barrier()});
    }
  }

  void perform() {
    std::vector<at::Tensor> tensors{received_};
    std::vector<std::int64_t> equal_parts;
    switch (operation_.op) {
      case CommunicationOp::kSendRecv:
        return exchange(given_, received_, operation_.send_to, operation_.receive_from, kDataTag);
      case CommunicationOp::kAllReduce:
        return finish({backend_->allreduce(tensors)});
      case CommunicationOp::kAllGather:
        return finish({backend_->_allgather_base(received_, given_)});
      case CommunicationOp::kReduceScatter:
        return finish({backend_->_reduce_scatter_base(received_, given_)});
      case CommunicationOp::kAllToAll:
        return finish({backend_->alltoall_base(received_, given_, equal_parts, equal_parts)});
      case CommunicationOp::kBroadcast:
        return finish({backend_->broadcast(tensors)});
      default:
        std::memcpy(received_.data_ptr(), given_.data_ptr(),
                    static_cast<std::size_t>(operation_.bytes));
    }
  }

  int rank_;
  int size_;
  std::vector<NetworkInterface> interfaces_;
  c10::intrusive_ptr<c10d::Backend> backend_;
  Operation operation_;
  at::Tensor given_;
  at::Tensor received_;
  std::mutex mutex_;
  Works running_;
};

}  // namespace

std::unique_ptr<Group> open_gloo_group(const GroupSetting& setting) {
  return std::make_unique<GlooGroup>(setting);
}

}  // namespace sextant::bench
