#include "profiler/device/counting_allocator.h"

#include <c10/util/Exception.h>
#include <mutex>
#include <unordered_map>

#include <fmt/format.h>

namespace sextant::profiler {

namespace {

struct Block {
  CountingAllocator* owner;
  std::int64_t bytes;
  c10::DataPtr data;  ///< of the source
};

/// Blocks by address. Some callers of c10 keep no more of an allocation than its address
/// (c10::Allocator::raw_allocate), so that nothing else can lead back to its block.
class BlockTable {
 public:
  void put(void* address, Block block) {
    const std::lock_guard lock(mutex_);
    blocks_.insert_or_assign(address, std::move(block));
  }
  Block take(void* address) {
    const std::lock_guard lock(mutex_);
    return std::move(blocks_.extract(address).mapped());
  }

 private:
  std::mutex mutex_;
  std::unordered_map<void*, Block> blocks_;
};

/// Never destroyed: tensors with static lifetime come back late.
BlockTable& block_table() {
  static auto* const table = new BlockTable;
  return *table;
}

}  // namespace

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
  if (address == nullptr) return data;  // of no bytes
  block_table().put(address, {this, size, std::move(data)});
  return {address, address, &release, device};
}

void CountingAllocator::release(void* address) {
  const Block block = block_table().take(address);
  block.owner->allocated_ -= block.bytes;
}

void CountingAllocator::copy_data(void* target, const void* source, std::size_t bytes) const {
  default_copy_data(target, source, bytes);
}

}  // namespace sextant::profiler
