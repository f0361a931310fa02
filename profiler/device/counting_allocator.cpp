#include "profiler/device/counting_allocator.h"

#include <c10/util/Exception.h>

#include <fmt/format.h>

namespace sextant::profiler {

/// What a DataPtr owns: the source's memory, and whom to tell when it is given back.
struct CountingAllocator::Block {
  CountingAllocator* owner;
  std::int64_t bytes;
  c10::DataPtr data;
};

c10::DataPtr CountingAllocator::allocate(std::size_t bytes) {
  const auto size = static_cast<std::int64_t>(bytes);
  const std::int64_t now = allocated_.fetch_add(size) + size;
  if (limit_ > 0 && now > limit_) {
    allocated_ -= size;
    C10_THROW_ERROR(OutOfMemoryError,
                    fmt::format("{} bytes asked for while {} of the {} that are allowed are taken",
                                size, now - size, limit_));
  }
  for (std::int64_t seen = peak_; seen < now && !peak_.compare_exchange_weak(seen, now);) {
  }
  c10::DataPtr data;
  try {
    data = source_.allocate(bytes);
  } catch (...) {
    allocated_ -= size;
    throw;
  }
  void* const address = data.get();
  const c10::Device device = data.device();
  return {address, new Block{this, size, std::move(data)}, &release, device};
}

void CountingAllocator::release(void* block) {
  auto* const released = static_cast<Block*>(block);
  released->owner->allocated_ -= released->bytes;
  delete released;
}

void CountingAllocator::copy_data(void* target, const void* source, std::size_t bytes) const {
  default_copy_data(target, source, bytes);
}

}  // namespace sextant::profiler
