#include "ranks/board.h"

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::ranks {

namespace {

std::vector<std::uint8_t> bytes_of(const std::string& text) {
  return {text.begin(), text.end()};
}

std::string text_of(const std::vector<std::uint8_t>& bytes) {
  return {bytes.begin(), bytes.end()};
}

c10::intrusive_ptr<c10d::TCPStore> connect(const World& world, bool listens,
                                           std::chrono::milliseconds timeout) {
  c10d::TCPStoreOptions options;
  options.port = world.port;
  options.isServer = listens;
  // Who never comes is found by the roll call, which can name them.
  options.waitWorkers = false;
  options.timeout = timeout;
  return c10::make_intrusive<c10d::TCPStore>(world.host, options);
}

}  // namespace

Board::Board(const World& world, c10::intrusive_ptr<c10d::TCPStore> store, Milliseconds timeout)
    : world_(world), store_(std::move(store)), timeout_(timeout) {}

Board::~Board() = default;

std::unique_ptr<Board> Board::open(World& world, Milliseconds timeout) {
  const bool listens = world.first_rank == 0 && !world.agent_listens;
  try {
    auto store = connect(world, listens, timeout);
    world.port = store->getPort();
    return std::unique_ptr<Board>(new Board(world, std::move(store), timeout));
  } catch (const c10::Error& failure) {
    const std::string reason = failure.what_without_backtrace();
    if (listens) {
      const bool in_use = reason.find("EADDRINUSE") != std::string::npos;
      throw_bad_input(fmt::format(
          "rank 0 cannot listen at {} port {}: {}", quote(world.host), world.port,
          in_use ? "the port is in use; choose another one with --rendezvous or MASTER_PORT"
                 : quote(reason, 300)));
    }
    throw_bad_input(
        fmt::format("nobody listens at {} port {}, where ranks meet, within {:g} s: rank 0 did "
                    "not come",
                    quote(world.host), world.port, std::chrono::duration<double>(timeout).count()));
  }
}

std::unique_ptr<Board> Board::another() const {
  try {
    return std::unique_ptr<Board>(new Board(world_, connect(world_, false, timeout_), timeout_));
  } catch (const c10::Error&) {
    throw BoardGone();
  }
}

template <typename Work>
auto Board::guarded(const Work& work) {
  try {
    return work();
  } catch (const c10::Error&) {
    throw BoardGone();
  }
}

void Board::set(const std::string& key, const std::string& value) {
  guarded([&] { store_->set(world_.prefix + key, bytes_of(value)); });
}

std::string Board::set_first(const std::string& key, const std::string& value) {
  return guarded(
      [&] { return text_of(store_->compareSet(world_.prefix + key, {}, bytes_of(value))); });
}

std::int64_t Board::add(const std::string& key, std::int64_t value) {
  return guarded([&] { return store_->add(world_.prefix + key, value); });
}

std::optional<std::string> Board::look(const std::string& key) {
  return guarded([&]() -> std::optional<std::string> {
    if (!store_->check({world_.prefix + key})) return std::nullopt;
    return text_of(store_->get(world_.prefix + key));
  });
}

bool Board::wait(const std::string& key, Milliseconds patience) {
  return guarded([&] {
    try {
      store_->wait({world_.prefix + key}, patience);
      return true;
    } catch (const c10::DistStoreError&) {
      return false;  // not yet
    }
  });
}

void Board::remove(const std::string& key) {
  guarded([&] { store_->deleteKey(world_.prefix + key); });
}

c10::intrusive_ptr<c10d::Store> Board::store(const std::string& prefix) const {
  return c10::make_intrusive<c10d::PrefixStore>(world_.prefix + prefix, store_);
}

}  // namespace sextant::ranks
