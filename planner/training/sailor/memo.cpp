#include "planner/training/sailor/memo.h"

#include <utility>

namespace sextant::sailor_search {

namespace {

constexpr std::size_t kFirstCapacity = 64;

/// The finalizer of splitmix64: every bit of the input moves every bit of the output.
std::uint64_t mixed(std::uint64_t x) {
  x ^= x >> 30;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

std::uint64_t hash(const StateKey& key) {
  const std::uint64_t place = (std::uint64_t{key.region} << 32) | key.context;
  const std::uint64_t task = (static_cast<std::uint64_t>(key.budget_cents) << 24) ^
                             static_cast<std::uint64_t>(key.replicas);
  return mixed(mixed(mixed(key.stock) + place) + task);
}

}  // namespace

std::size_t Memo::slot_of(const StateKey& key) const {
  const std::size_t mask = slots_.size() - 1;
  std::size_t at = hash(key) & mask;
  while (slots_[at].used() && slots_[at].key != key) at = (at + 1) & mask;
  return at;
}

std::optional<std::int32_t> Memo::find(const StateKey& key) const {
  if (slots_.empty()) return std::nullopt;
  const Slot& slot = slots_[slot_of(key)];
  if (!slot.used()) return std::nullopt;
  return slot.solution;
}

void Memo::insert(const StateKey& key, std::int32_t solution) {
  if (2 * (size_ + 1) > slots_.size()) grow();
  slots_[slot_of(key)] = {key, solution};
  ++size_;
}

void Memo::grow() {
  const std::vector<Slot> old =
      std::exchange(slots_, std::vector<Slot>(slots_.empty() ? kFirstCapacity : 2 * slots_.size()));
  for (const Slot& slot : old) {
    if (slot.used()) slots_[slot_of(slot.key)] = slot;
  }
}

}  // namespace sextant::sailor_search
