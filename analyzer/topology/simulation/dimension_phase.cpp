#include "analyzer/topology/simulation/dimension_phase.h"

#include <algorithm>
#include <bit>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// To the picosecond: 1e-9 s is 1 ns and not an ulp less.
double nanoseconds(double seconds) {
  return std::round(seconds * 1e12) / 1e3;
}

/// Adds up one message after the other.
class Phase {
 public:
  Phase(const SimulatedNetwork::Dimension& dimension, int extent, double endpoint_delay_s)
      : dimension_(dimension),
        extent_(extent),
        latency_ns_(nanoseconds(dimension.link_latency_s)),
        endpoint_ns_(std::round(endpoint_delay_s * 1e9)),
        bytes_per_ns_(dimension.bytes_per_s() / 1e9) {
    phase_.ns = endpoint_ns_;
    if (dimension.block == BuildingBlock::kFullyConnected && dimension.npus > 1) {
      bytes_per_ns_ /= dimension.npus - 1;
    }
  }

  /// To the NPU `distance` further on.
  void send(double bytes, int distance = 1) {
    pass(bytes, distance);
    phase_.sent_bytes += bytes;
  }

  /// To every other NPU: beside each other where each has a link of its own, else in a row.
  void send_to_all(double bytes) {
    const int others = extent_ - 1;
    pass(dimension_.block == BuildingBlock::kFullyConnected ? bytes : others * bytes, extent_ / 2);
    phase_.sent_bytes += others * bytes;
  }

  /// Adding what was received to what is here: two reads and a write of ASTRA-sim's memory.
  void reduce(double bytes) { phase_.ns += 3 * std::floor(bytes / 500000); }

  /// Messages of halves, quarters, …, each of which is added up before the next is sent; returns
  /// the size of the last.
  double halve(double bytes) {
    for (int distance = 1; distance < extent_; distance *= 2) {
      bytes = std::floor(bytes / 2);
      if (distance > 1) reduce(bytes);
      send(bytes, distance);
    }
    return bytes;
  }
  void double_up(double bytes) {
    for (int distance = extent_ / 2; distance >= 1; distance /= 2) {
      send(bytes, distance);
      bytes *= 2;
    }
  }

  const DimensionPhase& total() const { return phase_; }

 private:
  void pass(double bytes, int distance) {
    phase_.ns += std::floor(hops(distance) * latency_ns_ + bytes / bytes_per_ns_) + endpoint_ns_;
  }

  int hops(int distance) const {
    switch (dimension_.block) {
      case BuildingBlock::kRing:
        return std::min(distance, extent_ - distance);
      case BuildingBlock::kFullyConnected:
        return 1;
      case BuildingBlock::kSwitch:
        return 2;
    }
    return 0;
  }

  const SimulatedNetwork::Dimension& dimension_;
  int extent_;
  double latency_ns_;
  double endpoint_ns_;
  double bytes_per_ns_;  ///< of one message
  DimensionPhase phase_;
};

void run_ring(Phase& phase, CommunicationOp op, int extent, double bytes) {
  const double message = op == CommunicationOp::kAllGather ? bytes : std::floor(bytes / extent);
  for (int i = 1; i < extent; ++i) {
    phase.send(message);
    if (op != CommunicationOp::kAllGather) phase.reduce(message);
    if (op == CommunicationOp::kAllReduce) phase.send(message);
  }
}

void run_direct(Phase& phase, CommunicationOp op, int extent, double bytes) {
  const double message = op == CommunicationOp::kAllGather ? bytes : std::floor(bytes / extent);
  phase.send_to_all(message);
  if (op == CommunicationOp::kAllReduce || op == CommunicationOp::kReduceScatter) {
    phase.reduce(message);
  }
  if (op == CommunicationOp::kAllReduce) phase.send_to_all(message);
}

void run_halving_doubling(Phase& phase, CommunicationOp op, int extent, double bytes) {
  if (!std::has_single_bit(static_cast<unsigned>(extent))) {
    throw_bad_input(
        fmt::format("halving and doubling needs a power of two of NPUs in a dimension, found {}; "
                    "ring and direct do not",
                    extent));
  }
  if (op == CommunicationOp::kAllGather) {
    phase.double_up(bytes);
    return;
  }
  const double last = phase.halve(bytes);
  if (op == CommunicationOp::kAllReduce) phase.double_up(last);
}

}  // namespace

DimensionPhase dimension_phase(CommunicationOp op, const SimulatedNetwork::Dimension& dimension,
                               int extent, double bytes, double endpoint_delay_s) {
  Phase phase(dimension, extent, endpoint_delay_s);
  if (op == CommunicationOp::kSendRecv) {
    phase.send(bytes);
  } else if (op == CommunicationOp::kAllToAll ||
             dimension.algorithm == DimensionAlgorithm::kDirect) {
    run_direct(phase, op, extent, bytes);
  } else if (dimension.algorithm == DimensionAlgorithm::kRing) {
    run_ring(phase, op, extent, bytes);
  } else {
    run_halving_doubling(phase, op, extent, bytes);
  }
  return phase.total();
}

}  // namespace sextant
