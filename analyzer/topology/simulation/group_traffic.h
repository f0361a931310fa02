#pragma once

#include <deque>
#include <vector>

#include "analyzer/topology/simulation/chunk_pipeline.h"

namespace sextant {

/// What one group communicates in the course of a step. It has the full bandwidth of its
/// dimensions, whatever other groups do. A collective that meets no other one takes as long as
/// every time before, so that it is simulated once. Balanced routes are taken where they end a
/// collective that is alone earlier than ascending ones.
class GroupTraffic {
 public:
  /// When a collective was under way.
  struct Interval {
    double begin_ns = 0;
    double end_ns = 0;
  };

  GroupTraffic(const GroupShape& group, const SimulatedNetwork& network);

  /// Begins a collective of LayerPhase::bytes at `now_ns`, no earlier than the one before. Whether
  /// there is anything to send.
  bool start(CommunicationOp op, double bytes, double now_ns);
  /// When the collective that was started last is done.
  double latest_done_ns();
  /// When everything is done; 0 where nothing was ever sent.
  double all_done_ns();

  /// Of one NPU, by dimension.
  const std::vector<double>& sent_bytes() const { return sent_bytes_; }
  /// In order, apart from each other; after all_done_ns().
  const std::vector<Interval>& busy() const { return busy_; }

 private:
  struct Known {
    CommunicationOp op;
    double bytes;
    ChunkedCollective chunked;
    double alone_ns;  ///< how long it takes where it meets no other
  };

  const Known& known(CommunicationOp op, double bytes);
  Known alone(CommunicationOp op, double bytes, ChunkRoute route) const;
  /// Takes note of what was done by `now_ns`.
  void settle(double now_ns);

  const GroupShape& group_;
  const SimulatedNetwork& network_;
  ChunkPipeline pipeline_;
  std::deque<Known> known_;
  /// Under way since the last interval began, and not in the pipeline as long as it is alone.
  const Known* alone_ = nullptr;
  std::vector<double> sent_bytes_;
  std::vector<Interval> busy_;
};

}  // namespace sextant
