#include "profiler/run/pipeline_link.h"

#include <ATen/ATen.h>
#include <utility>

namespace sextant::profiler {

namespace {

constexpr int kSender = 0;
constexpr int kReceiver = 1;
constexpr int kTag = 0;

}  // namespace

PendingSends::PendingSends(at::Device device) : waits_(device.is_cpu()) {
  if (waits_) waiter_ = std::thread([this] { wait_for_sends(); });
}

PendingSends::~PendingSends() {
  if (!waits_) return;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    leaving_ = true;
    changed_.notify_all();
  }
  waiter_.join();
}

void PendingSends::add(c10::intrusive_ptr<c10d::Work> work, at::Tensor tensor) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!waits_) {
    while (!sends_.empty() && sends_.front().work->isCompleted()) sends_.pop_front();
  }
  sends_.push_back({std::move(work), std::move(tensor)});
  changed_.notify_all();
}

void PendingSends::wait_for_sends() {
  std::unique_lock<std::mutex> lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return leaving_ || !sends_.empty(); });
    if (leaving_) return;
    // It stays in the queue, so that finish() knows of it; nobody else takes from the queue.
    const c10::intrusive_ptr<c10d::Work> work = sends_.front().work;
    lock.unlock();
    std::exception_ptr failure;
    try {
      work->wait();
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    if (failure && !failure_) failure_ = failure;
    sends_.pop_front();
    changed_.notify_all();
  }
}

void PendingSends::finish() {
  std::unique_lock<std::mutex> lock(mutex_);
  if (waits_) {
    changed_.wait(lock, [this] { return sends_.empty(); });
  } else {
    for (const Send& send : sends_) send.work->wait();
    sends_.clear();
  }
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void LinkSender::send(const at::Tensor& tensor) {
  std::vector<at::Tensor> tensors{tensor.contiguous()};
  for (const Channel& channel : channels_) {
    pending_.add(channel->send(tensors, kReceiver, kTag), tensors.front());
  }
}

LinkReceiver::LinkReceiver(Channel channel, std::vector<std::int64_t> shape,
                           at::TensorOptions options)
    : channel_(std::move(channel)), shape_(std::move(shape)), options_(options) {}

LinkReceiver::~LinkReceiver() = default;

void LinkReceiver::expect(int messages) {
  expected_ = messages;
  if (options_.device().is_cpu() && expected_ > 0) ask();
}

void LinkReceiver::ask() {
  --expected_;
  coming_ = at::empty(shape_, options_);
  std::vector<at::Tensor> tensors{coming_};
  work_ = channel_->recv(tensors, kSender, kTag);
}

at::Tensor LinkReceiver::receive() {
  if (!work_) ask();
  work_->wait();
  work_.reset();
  at::Tensor received = std::exchange(coming_, at::Tensor());
  if (options_.device().is_cpu() && expected_ > 0) ask();
  return received;
}

}  // namespace sextant::profiler
