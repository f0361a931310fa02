#pragma once

#include <cstdint>
#include <limits>
#include <list>
#include <vector>

#include "analyzer/topology/simulation/chunked_collective.h"

namespace sextant {

/// The dimensions of a group with the collectives that are under way in them. A dimension works on
/// one chunk at a time; chunks of a collective wait in the order in which they came. Times are
/// whole nanoseconds in doubles: exact up to 2^53 ns (104 days), without overflow beyond.
class ChunkPipeline {
 public:
  ChunkPipeline(std::size_t dimensions, CollectiveOrder order);

  /// Begins a collective of at least one chunk, which has to outlive its stay, after all that
  /// happens up to `now_ns`; never before an earlier call's time.
  void start(const ChunkedCollective& collective, double now_ns);
  /// Until `now_ns`, that moment included.
  void run_until(double now_ns);
  /// Until the collective that was started last is done; when that was.
  double run_until_latest_done();
  /// Until nothing is under way; when that was. Of an idle pipeline: when it became so.
  double run_until_idle();

  bool idle() const { return flights_.empty(); }
  /// Of the last event.
  double now_ns() const { return now_ns_; }

 private:
  /// Chunks of one collective that wait for one dimension: a ring buffer in Flight::waiting.
  struct Queue {
    std::uint32_t head = 0;
    std::uint32_t length = 0;
  };
  /// A collective under way.
  struct Flight {
    const ChunkedCollective* collective;
    std::size_t unfinished;              ///< chunks
    std::vector<std::uint32_t> visit;    ///< by chunk: which of its visits is next or going on
    std::vector<Queue> queues;           ///< by dimension
    std::vector<std::uint32_t> waiting;  ///< room for all chunks, by dimension
  };
  struct Dimension {
    double done_ns = kNever;  ///< with what it works on
    Flight* flight = nullptr;
    std::uint32_t chunk = 0;
    std::size_t waiting = 0;  ///< chunks, of all flights
  };
  static constexpr double kNever = std::numeric_limits<double>::infinity();

  /// The dimension that is done next.
  Dimension& next();
  /// Lets that dimension finish its chunk.
  void finish(Dimension& dimension);
  void enqueue(Flight& flight, std::uint32_t chunk);
  /// Gives a dimension the next chunk if it is idle and one waits.
  void serve(std::size_t d);
  bool serve(std::size_t d, Flight& flight);
  void retire(const Flight& flight);

  CollectiveOrder order_;
  double now_ns_ = 0;
  std::vector<Dimension> dimensions_;
  std::list<Flight> flights_;  ///< as they were started
};

}  // namespace sextant
