#pragma once

#include <ATen/core/Tensor.h>
#include <functional>
#include <string_view>

namespace sextant::profiler {

/// What the ranks of a tensor-parallel group exchange. Every rank calls the same operations in the
/// same order; tensors are contiguous. On a GPU the operation is enqueued on the current stream.
class Collectives {
 public:
  virtual ~Collectives() = default;

  virtual int rank() const = 0;
  virtual int size() const = 0;

  /// In place.
  virtual void all_reduce_sum(at::Tensor& tensor) = 0;
  virtual void all_reduce_max(at::Tensor& tensor) = 0;
  /// [n, …] on each rank -> [n * size, …], rank by rank.
  virtual at::Tensor all_gather(const at::Tensor& rows) = 0;
  /// [n * size, …] on each rank -> their sum's rows [n * rank, n * (rank + 1)).
  virtual at::Tensor reduce_scatter(const at::Tensor& rows) = 0;
};

/// One rank's shard without the others: nothing is exchanged, everything is reported. Results have
/// the right shapes and the values of this rank alone.
class LoneShard : public Collectives {
 public:
  /// Told of every collective: "all_reduce", "all_gather" or "reduce_scatter", and the bytes of the
  /// whole tensor (the gathered one, the one before scattering).
  using Observer = std::function<void(std::string_view operation, double bytes)>;

  explicit LoneShard(int size, int rank = 0) : size_(size), rank_(rank) {}

  void observe(Observer observer) { observer_ = std::move(observer); }

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void all_reduce_sum(at::Tensor& tensor) override;
  void all_reduce_max(at::Tensor& tensor) override;
  at::Tensor all_gather(const at::Tensor& rows) override;
  at::Tensor reduce_scatter(const at::Tensor& rows) override;

 private:
  void report(std::string_view operation, double bytes) const;

  int size_;
  int rank_;
  Observer observer_;
};

/// Watches the collectives of a lone shard while it lives; those of a real group, or of a shard
/// that is the whole, it leaves alone.
class CollectiveWatch {
 public:
  CollectiveWatch(Collectives& collectives, LoneShard::Observer observer);
  ~CollectiveWatch();
  CollectiveWatch(const CollectiveWatch&) = delete;
  CollectiveWatch& operator=(const CollectiveWatch&) = delete;

 private:
  LoneShard* shard_;
};

}  // namespace sextant::profiler
