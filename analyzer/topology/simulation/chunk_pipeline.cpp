#include "analyzer/topology/simulation/chunk_pipeline.h"

namespace sextant {

ChunkPipeline::ChunkPipeline(std::size_t dimensions, CollectiveOrder order)
    : order_(order), dimensions_(dimensions) {}

void ChunkPipeline::start(const ChunkedCollective& collective, double now_ns) {
  run_until(now_ns);
  now_ns_ = now_ns;
  const std::size_t chunks = collective.chunks;
  Flight& flight =
      flights_.emplace_back(Flight{&collective, chunks, std::vector<std::uint32_t>(chunks),
                                   std::vector<Queue>(dimensions_.size()),
                                   std::vector<std::uint32_t>(chunks * dimensions_.size())});
  for (std::uint32_t chunk = 0; chunk < chunks; ++chunk) enqueue(flight, chunk);
  for (std::size_t d = 0; d < dimensions_.size(); ++d) serve(d);
}

void ChunkPipeline::run_until(double now_ns) {
  while (!idle()) {
    Dimension& dimension = next();
    if (dimension.done_ns > now_ns) return;
    finish(dimension);
  }
}

double ChunkPipeline::run_until_latest_done() {
  const Flight* latest = &flights_.back();
  while (!idle() && &flights_.back() == latest) finish(next());
  return now_ns_;
}

double ChunkPipeline::run_until_idle() {
  while (!idle()) finish(next());
  return now_ns_;
}

ChunkPipeline::Dimension& ChunkPipeline::next() {
  Dimension* earliest = dimensions_.data();
  for (Dimension& dimension : dimensions_) {
    if (dimension.done_ns < earliest->done_ns) earliest = &dimension;
  }
  return *earliest;
}

void ChunkPipeline::finish(Dimension& dimension) {
  Flight& flight = *dimension.flight;
  const std::uint32_t chunk = dimension.chunk;
  const ChunkVisit* way = flight.collective->way_of(chunk);
  now_ns_ = dimension.done_ns;
  dimension.done_ns = kNever;
  const std::size_t here = way[flight.visit[chunk]].dimension;
  const std::size_t visit = ++flight.visit[chunk];
  if (visit < flight.collective->visits_per_chunk) {
    enqueue(flight, chunk);
    serve(here);
    serve(way[visit].dimension);
    return;
  }
  if (--flight.unfinished == 0) retire(flight);
  serve(here);
}

void ChunkPipeline::enqueue(Flight& flight, std::uint32_t chunk) {
  const std::size_t d = flight.collective->way_of(chunk)[flight.visit[chunk]].dimension;
  const auto chunks = static_cast<std::uint32_t>(flight.collective->chunks);
  ++dimensions_[d].waiting;
  Queue& queue = flight.queues[d];
  const std::uint32_t tail = queue.head + queue.length++;
  flight.waiting[d * chunks + (tail < chunks ? tail : tail - chunks)] = chunk;
}

void ChunkPipeline::serve(std::size_t d) {
  if (dimensions_[d].done_ns != kNever || dimensions_[d].waiting == 0) return;
  if (order_ == CollectiveOrder::kFifo) {
    for (Flight& flight : flights_) {
      if (serve(d, flight)) return;
    }
  } else {
    for (auto flight = flights_.rbegin(); flight != flights_.rend(); ++flight) {
      if (serve(d, *flight)) return;
    }
  }
}

bool ChunkPipeline::serve(std::size_t d, Flight& flight) {
  Queue& queue = flight.queues[d];
  if (queue.length == 0) return false;
  const auto chunks = static_cast<std::uint32_t>(flight.collective->chunks);
  const std::uint32_t chunk = flight.waiting[d * chunks + queue.head];
  queue.head = queue.head + 1 == chunks ? 0 : queue.head + 1;
  --queue.length;
  const double ns = flight.collective->way_of(chunk)[flight.visit[chunk]].ns;
  dimensions_[d] = {now_ns_ + ns, &flight, chunk, dimensions_[d].waiting - 1};
  return true;
}

void ChunkPipeline::retire(const Flight& flight) {
  flights_.remove_if([&](const Flight& other) { return &other == &flight; });
}

}  // namespace sextant
