#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/evidence.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/time_samples.h"
#include "analyzer/network/communication_op.h"
#include "analyzer/network/link_level.h"

namespace sextant {

/// Who talks to whom in a sweep.
enum class SweepPattern {
  kPair,    ///< the first of two ranks sends to the second; also copies, with one rank
  kHalves,  ///< rank i sends to rank i + W/2, all at once: what two machines exchange together
  kRing,    ///< rank i sends to rank i + 1, the last to the first, all at once
  kWorld,   ///< a collective of all ranks
};
/// "pair", "halves", "ring", "world".
std::string_view to_string(SweepPattern pattern);

/// One message size of a sweep.
struct BandwidthPoint {
  /// As nccl-tests counts: of send/recv and copies what one sender sends; of a collective the
  /// larger of the two buffers of a rank (all_gather: what is received, reduce_scatter: what is
  /// given).
  double bytes = 0;
  TimeSummary time;             ///< of one operation
  std::optional<double> p99_s;  ///< where samples tell
  /// Median over operations of the slowest rank's time less the fastest's; absent: unknown.
  std::optional<double> skew_s;
  /// Elements that were not what they had to be; absent: nobody looked.
  std::optional<std::int64_t> wrong;
  std::string unmet;  ///< the stopping criterion that was missed; "" = none
};

/// A size that could not be measured.
struct BandwidthFailure {
  double bytes = 0;
  std::string reason;
};

/// One operation among the same ranks over ascending sizes.
struct Sweep {
  CommunicationOp op = CommunicationOp::kSendRecv;
  SweepPattern pattern = SweepPattern::kPair;
  std::vector<int> ranks;  ///< that took part, as the document numbers them; may be empty (unknown)
  int world_size = 2;      ///< how many took part
  LinkLevel level = LinkLevel::kBetweenNodes;  ///< the outermost that the ranks span
  std::string gpu;                             ///< type that all ranks are of, "CPU", "" = mixed
  std::string from_zone;  ///< on level between_zones: the senders' and the receivers'
  std::string to_zone;
  std::string interconnect;  ///< "NVLink 4", "25 Gb/s Ethernet"; "" = unknown
  std::string transport;     ///< what the library chose, "P2P/CUMEM", "NET/IB", "tcp on eth0"
  std::string dtype;         ///< "fp32", "bf16", "int8", …
  bool in_place = false;
  std::vector<BandwidthPoint> points;  ///< ascending, each size once; bad ones are in `failures`
  std::vector<BandwidthFailure> failures;

  /// Ranks that send at the same time from one machine to another: W/2 of halves, else 1.
  int senders() const { return pattern == SweepPattern::kHalves ? world_size / 2 : 1; }
  /// Bytes per second: of send/recv what all senders() send together, of others nccl-tests' algbw.
  double algorithm_bandwidth(const BandwidthPoint& point) const;
  /// nccl-tests' busbw: algorithm_bandwidth() times bus_factor().
  double bus_bandwidth(const BandwidthPoint& point) const;
  /// "all_reduce of 8 ranks, bf16, in place".
  std::string text() const;
};

/// A rank of the world that was measured.
struct BandwidthRank {
  std::string host;
  std::string device;                          ///< "NVIDIA H200", "CPU"
  std::string gpu;                             ///< its type's name here, "H200-141", "CPU"
  std::string zone;                            ///< "" = the only one
  std::map<std::string, std::string> details;  ///< "uuid", "pci_bus_id", "interface", "driver", …
};

/// How much a matrix product and a communication slow each other down while both run.
struct OverlapMeasurement {
  CommunicationOp op = CommunicationOp::kAllReduce;
  int world_size = 1;
  double bytes = 0;
  int matrix_size = 0;  ///< of a product of square matrices
  std::string dtype;
  TimeSummary compute_alone;
  TimeSummary compute_together;
  TimeSummary communication_alone;
  TimeSummary communication_together;

  double compute_slowdown() const { return compute_together.median_s / compute_alone.median_s; }
  double communication_slowdown() const {
    return communication_together.median_s / communication_alone.median_s;
  }
  /// Galvatron's overlap coefficient: the larger of both.
  double coefficient() const;
};

/// The way between two GPUs of one machine, as the driver tells.
struct PairTopology {
  int a = 0;  ///< ranks
  int b = 0;
  std::string path;  ///< nvidia-smi's words: "NV18", "PIX", "PXB", "PHB", "NODE", "SYS"
};

/// Document `bandwidth` (profiles/schema/bandwidth.json): what links and collectives take, measured
/// by nccl_bench or imported from other tools.
struct BandwidthDocument {
  Evidence evidence = Evidence::kReplayed;
  std::string tool;          ///< "nccl_bench", "nccl-tests", "sailor"
  std::string tool_version;  ///< "" = unknown
  std::string backend;       ///< "nccl", "gloo"; "" = unknown
  std::vector<BandwidthRank> ranks;
  std::vector<Sweep> sweeps;
  std::vector<OverlapMeasurement> overlaps;
  std::vector<PairTopology> topology;
  bool complete = true;               ///< false: measuring ended early, see `problems`
  std::vector<std::string> problems;  ///< one sentence each
  std::map<std::string, std::string> provenance;
  std::string source;  ///< file it came from
};

/// The document's text.
std::string bandwidth_document_text(const BandwidthDocument& document);

/// Throws Error(kBadInput) with the place: also where sizes are not ascending, a bandwidth is
/// impossible (over 100 TB/s), or it has neither a point nor an overlap nor a failure.
BandwidthDocument bandwidth_document_from(const JsonNode& root);
BandwidthDocument read_bandwidth_document(const std::filesystem::path& path);

}  // namespace sextant
