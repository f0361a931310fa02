#pragma once

#include <atomic>
#include <c10/core/Allocator.h>
#include <cstdint>

namespace sextant::profiler {

/// Hands requests to another allocator and counts what they ask for. Outlives its blocks.
class CountingAllocator : public c10::Allocator {
 public:
  explicit CountingAllocator(c10::Allocator& source) : source_(source) {}

  /// More than `bytes` at a time (0 = no limit) are refused with c10::OutOfMemoryError.
  void set_limit(std::int64_t bytes) { limit_ = bytes; }

  c10::DataPtr allocate(std::size_t bytes) override;
  void copy_data(void* target, const void* source, std::size_t bytes) const override;

  std::int64_t allocated() const { return allocated_; }
  /// Largest allocated() since reset_peak().
  std::int64_t peak() const { return peak_; }
  void reset_peak() { peak_ = allocated_.load(); }

 private:
  struct Block;
  static void release(void* block);

  c10::Allocator& source_;
  std::int64_t limit_ = 0;
  std::atomic<std::int64_t> allocated_ = 0;
  std::atomic<std::int64_t> peak_ = 0;
};

}  // namespace sextant::profiler
