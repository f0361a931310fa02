#pragma once

#include <cstdint>
#include <optional>
#include <vector>

namespace sextant::sailor_search {

/// What identifies a state of the search among those with the same remaining stages and microbatch
/// size.
struct StateKey {
  std::uint64_t stock = 0;  ///< GPUs left in the region, by type, as one number
  std::uint32_t region = 0;
  std::uint32_t context = 0;  ///< whatever else tells states apart
  std::int32_t replicas = 0;  ///< D
  std::int64_t budget_cents = 0;
  bool operator==(const StateKey&) const = default;
};

/// A hash table from states to the index of their solution; open addressing, grows by doubling.
class Memo {
 public:
  /// Nothing where the state is new.
  std::optional<std::int32_t> find(const StateKey& key) const;
  /// The state must be new; solution >= -1.
  void insert(const StateKey& key, std::int32_t solution);
  std::size_t size() const { return size_; }

 private:
  static constexpr std::int32_t kFree = -2;
  struct Slot {
    StateKey key;
    std::int32_t solution = kFree;
    bool used() const { return solution != kFree; }
  };
  std::size_t slot_of(const StateKey& key) const;
  void grow();

  std::vector<Slot> slots_;
  std::size_t size_ = 0;
};

}  // namespace sextant::sailor_search
