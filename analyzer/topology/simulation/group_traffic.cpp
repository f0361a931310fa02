#include "analyzer/topology/simulation/group_traffic.h"

#include <utility>

namespace sextant {

GroupTraffic::GroupTraffic(const GroupShape& group, const SimulatedNetwork& network)
    : group_(group),
      network_(network),
      pipeline_(group.size(), network.order),
      sent_bytes_(group.size(), 0) {}

bool GroupTraffic::start(CommunicationOp op, double bytes, double now_ns) {
  const Known& collective = known(op, bytes);
  if (collective.chunked.chunks == 0) return false;
  for (std::size_t d = 0; d < sent_bytes_.size(); ++d) {
    sent_bytes_[d] += collective.chunked.sent_bytes[d];
  }
  settle(now_ns);
  if (alone_ == nullptr && pipeline_.idle()) {
    alone_ = &collective;
    busy_.push_back({now_ns, now_ns + collective.alone_ns});
    return true;
  }
  if (alone_ != nullptr) {
    pipeline_.start(alone_->chunked, busy_.back().begin_ns);
    alone_ = nullptr;
  }
  pipeline_.start(collective.chunked, now_ns);
  return true;
}

double GroupTraffic::latest_done_ns() {
  if (alone_ == nullptr) busy_.back().end_ns = pipeline_.run_until_latest_done();
  return busy_.back().end_ns;
}

double GroupTraffic::all_done_ns() {
  if (busy_.empty()) return 0;
  if (!pipeline_.idle()) busy_.back().end_ns = pipeline_.run_until_idle();
  return busy_.back().end_ns;
}

void GroupTraffic::settle(double now_ns) {
  if (alone_ != nullptr && busy_.back().end_ns <= now_ns) alone_ = nullptr;
  if (pipeline_.idle()) return;
  pipeline_.run_until(now_ns);
  busy_.back().end_ns = pipeline_.now_ns();
}

const GroupTraffic::Known& GroupTraffic::known(CommunicationOp op, double bytes) {
  for (const Known& one : known_) {
    if (one.op == op && one.bytes == bytes) return one;
  }
  Known best = alone(op, bytes, ChunkRoute::kAscending);
  if (network_.route == ChunkRoute::kBalanced) {
    Known balanced = alone(op, bytes, ChunkRoute::kBalanced);
    if (balanced.alone_ns < best.alone_ns) best = std::move(balanced);
  }
  return known_.emplace_back(std::move(best));
}

GroupTraffic::Known GroupTraffic::alone(CommunicationOp op, double bytes, ChunkRoute route) const {
  Known one = {op, bytes, chunk_collective(op, bytes, group_, network_, route), 0};
  if (one.chunked.chunks > 0) {
    ChunkPipeline pipeline(group_.size(), network_.order);
    pipeline.start(one.chunked, 0);
    one.alone_ns = pipeline.run_until_idle();
  }
  return one;
}

}  // namespace sextant
