#pragma once

#include <c10/util/intrusive_ptr.h>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>
#include <vector>

#include "ranks/world.h"

namespace sextant::ranks {

/// The place where ranks meet cannot be reached any more: the process that has it is gone.
class BoardGone : public std::exception {
 public:
  const char* what() const noexcept override { return "the ranks' meeting point is gone"; }
};

/// Where ranks leave words for each other: keys and values in a c10d::TCPStore. One object serves
/// one thread. Every member throws BoardGone where the connection is lost.
class Board {
 public:
  using Milliseconds = std::chrono::milliseconds;

  /// Listens at the world's host and port (0: a free one, which `world` then has) if rank 0 is this
  /// process' and nobody else does, and connects. Throws Error(kBadInput) where the port is in use,
  /// or nobody listens there within `timeout`.
  static std::unique_ptr<Board> open(World& world, Milliseconds timeout);
  /// One more connection to the same place.
  std::unique_ptr<Board> another() const;
  ~Board();

  void set(const std::string& key, const std::string& value);
  /// Sets what was not set before; returns what is there now.
  std::string set_first(const std::string& key, const std::string& value);
  std::int64_t add(const std::string& key, std::int64_t value);
  /// Nothing where the key is not set.
  std::optional<std::string> look(const std::string& key);
  /// Whether the key is set within `patience`.
  bool wait(const std::string& key, Milliseconds patience);
  void remove(const std::string& key);
  /// For a group of ranks that has keys of its own.
  c10::intrusive_ptr<c10d::Store> store(const std::string& prefix) const;

 private:
  Board(const World& world, c10::intrusive_ptr<c10d::TCPStore> store, Milliseconds timeout);
  template <typename Work>
  auto guarded(const Work& work);

  World world_;
  c10::intrusive_ptr<c10d::TCPStore> store_;
  Milliseconds timeout_;
};

}  // namespace sextant::ranks
