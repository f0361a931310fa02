#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>
#include <condition_variable>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>
#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <vector>

// How activations and gradients go from stage to stage. A channel is a c10d group of two ranks that
// carries one kind of message in one direction, first in, first out; its rank 0 sends. Channels of
// their own for the two directions are what keeps NCCL, which works through a channel's sends and
// receives in order, from waiting in a circle.

namespace sextant::profiler {

using Channel = c10::intrusive_ptr<c10d::Backend>;

/// Sends that are under way, with the tensors that they read. c10d's Gloo says of a send that it is
/// done only to whom waits for it, so on a CPU a thread does.
class PendingSends {
 public:
  explicit PendingSends(at::Device device);
  ~PendingSends();
  PendingSends(const PendingSends&) = delete;
  PendingSends& operator=(const PendingSends&) = delete;

  void add(c10::intrusive_ptr<c10d::Work> work, at::Tensor tensor);
  /// Returns when all are done (on a GPU: when the current stream knows that they will be). Throws
  /// what one of them failed with.
  void finish();

 private:
  struct Send {
    c10::intrusive_ptr<c10d::Work> work;
    at::Tensor tensor;
  };
  void wait_for_sends();

  bool waits_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Send> sends_;
  std::exception_ptr failure_;
  bool leaving_ = false;
  std::thread waiter_;  ///< on a CPU
};

/// The sending end of a link: one channel to each rank that gets the tensor.
class LinkSender {
 public:
  LinkSender(std::vector<Channel> channels, PendingSends& pending)
      : channels_(std::move(channels)), pending_(pending) {}

  /// Does not wait for the receivers. `tensor` must not be written to afterwards.
  void send(const at::Tensor& tensor);

 private:
  std::vector<Channel> channels_;
  PendingSends& pending_;
};

/// The receiving end. On a CPU the next message is asked for as soon as one was taken, so that it
/// comes while the rank computes; on a GPU, where a waiting receive occupies multiprocessors, when
/// it is needed.
class LinkReceiver {
 public:
  /// Messages are of this shape and type.
  LinkReceiver(Channel channel, std::vector<std::int64_t> shape, at::TensorOptions options);
  ~LinkReceiver();

  /// So many messages come in this iteration.
  void expect(int messages);
  /// The next message, once it is there.
  at::Tensor receive();

 private:
  void ask();

  Channel channel_;
  std::vector<std::int64_t> shape_;
  at::TensorOptions options_;
  int expected_ = 0;  ///< that were not asked for yet
  c10::intrusive_ptr<c10d::Work> work_;
  at::Tensor coming_;
};

}  // namespace sextant::profiler
