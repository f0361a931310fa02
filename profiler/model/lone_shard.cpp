#include <ATen/ATen.h>

#include "profiler/model/collectives.h"

namespace sextant::profiler {

void LoneShard::report(std::string_view operation, double bytes) const {
  if (observer_) observer_(operation, bytes);
}

void LoneShard::all_reduce_sum(at::Tensor& tensor) {
  report("all_reduce", static_cast<double>(tensor.nbytes()));
}

void LoneShard::all_reduce_max(at::Tensor& tensor) {
  report("all_reduce", static_cast<double>(tensor.nbytes()));
}

at::Tensor LoneShard::all_gather(const at::Tensor& rows) {
  report("all_gather", static_cast<double>(rows.nbytes()) * size_);
  std::vector<std::int64_t> repeats(static_cast<std::size_t>(rows.dim()), 1);
  repeats.front() = size_;
  return rows.repeat(repeats);
}

at::Tensor LoneShard::reduce_scatter(const at::Tensor& rows) {
  report("reduce_scatter", static_cast<double>(rows.nbytes()));
  const std::int64_t own = rows.size(0) / size_;
  return rows.narrow(0, own * rank_, own).clone();  // a view would keep the whole alive
}

CollectiveWatch::CollectiveWatch(Collectives& collectives, LoneShard::Observer observer)
    : shard_(dynamic_cast<LoneShard*>(&collectives)) {
  if (shard_ != nullptr && shard_->size() > 1) shard_->observe(std::move(observer));
}

CollectiveWatch::~CollectiveWatch() {
  if (shard_ != nullptr) shard_->observe(nullptr);
}

}  // namespace sextant::profiler
