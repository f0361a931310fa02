#pragma once

#include <array>
#include <cstddef>
#include <initializer_list>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// One regime of a link: a message of `from_bytes` takes `start_s`, each further byte
/// 1 / bytes_per_s, up to where the next regime begins.
struct LinkSegment {
  double from_bytes = 0;
  double start_s = 0;
  double bytes_per_s = 0;
  bool operator==(const LinkSegment&) const = default;
};
inline constexpr std::size_t kMostSegments = 3;

/// t = latency + bytes / bandwidth + middle_s (bytes / middle_bytes)^exponent
///       + decline_s (bytes / middle_bytes)^(5/4).
/// The third term is what small messages leave unused: the bandwidth rises with size over many
/// octaves, as of TCP and of pipelined transfers. The last, 0 for most links, is a bandwidth that
/// falls again with large messages.
struct SaturatingLink {
  double latency_s = 0;
  double bandwidth_bytes_per_s = 0;
  double middle_bytes = 1;  ///< a size to count from: the middle of those measured
  double middle_s = 0;
  double exponent = 0.5;  ///< between 0 and 1
  double decline_s = 0;
};

/// Time to move bytes over one link, as a function of the size. A value type. Every kind but the
/// quadratic is positive, never falls with the size, and is held fast outside its valid range: a
/// smaller message takes as long as the smallest measured one, a larger one has its bandwidth of
/// the largest measured one.
class LinkModel {
 public:
  enum class Kind {
    kLatencyBandwidth,  ///< t = latency + bytes / bandwidth
    kQuadraticLog2Mb,   ///< the Sailor artifact's fit, kept for comparison: t = bytes / bw(x),
                        ///< bw in GB/s = a x² + b x + c, x = log2(bytes / 1e6)
    kSegments,          ///< a latency and bandwidth for each protocol
    kSaturating,        ///< SaturatingLink
  };
  static constexpr std::array<std::string_view, 4> kKindNames = {
      "latency_bandwidth", "quadratic_log2_mb", "segments", "saturating"};

  /// Throws Error(kBadInput) unless latency_s >= 0 and bandwidth_bytes_per_s > 0, both finite.
  static LinkModel latency_bandwidth(double latency_s, double bandwidth_bytes_per_s);
  /// `max_bytes_per_s` is the largest bandwidth that was measured. Throws Error(kBadInput) unless
  /// the coefficients are finite and it is > 0 and finite.
  static LinkModel quadratic_log2_mb(double a, double b, double c, double max_bytes_per_s);
  /// Throws Error(kBadInput) unless there are 2 or 3, the first from 0 bytes, each from more bytes
  /// than the last and starting no earlier than the last ends, with positive bandwidths.
  static LinkModel segments(const std::vector<LinkSegment>& segments);
  /// Throws Error(kBadInput) unless bandwidth and middle_bytes are > 0, the times are >= 0, all
  /// finite, and 0 < exponent < 1.
  static LinkModel saturating(const SaturatingLink& link);

  Kind kind() const { return kind_; }
  std::string_view kind_name() const { return kKindNames[static_cast<std::size_t>(kind_)]; }
  /// Seconds to move `bytes` > 0. The quadratic is evaluated as it stands, outside its measured
  /// range too, where it may turn negative: specs of the published planners depend on it.
  double transfer_s(double bytes) const;
  /// Bandwidth of large messages: the fitted one, of a quadratic the largest measured, of segments
  /// and saturating links with a valid range that of its largest message.
  double peak_bytes_per_s() const { return peak_bytes_per_s_; }
  /// The part that is there for the smallest message; 0 of a quadratic.
  double latency_s() const;

  /// The same model, said to hold for messages of low_bytes … high_bytes (the sizes that were
  /// measured). Throws Error(kBadInput) unless 0 <= low_bytes <= high_bytes.
  LinkModel valid_between(double low_bytes, double high_bytes) const;
  double low_bytes() const { return low_bytes_; }
  double high_bytes() const { return high_bytes_; }
  /// Whether `bytes` lies outside that range; never where no range was given.
  bool extrapolates(double bytes) const { return bytes < low_bytes_ || bytes > high_bytes_; }

  /// The same model, whose measurements scattered about it: robust standard deviation of
  /// ln(measured / model). Throws Error(kBadInput) unless it is finite and >= 0.
  LinkModel with_spread(double log_deviation) const;
  /// 0 where it is not known.
  double spread() const { return spread_; }

  /// `factor` such links side by side, each with its part of the message: t(bytes / factor), valid
  /// for messages as many times as large; no piece of the curve is faster than
  /// `limit_bytes_per_s`. Of latency and bandwidth: bandwidth times factor, within the limit, and
  /// the valid range as it was. A quadratic stays as it is: it says nothing of other numbers.
  LinkModel scaled(double factor, double limit_bytes_per_s) const;
  /// The same with a latency_s() of at least `latency_s`; a quadratic stays as it is.
  LinkModel with_latency_at_least(double latency_s) const;

  /// For documents: {latency_s, bandwidth_bytes_per_s}, {a, b, c}, {from_bytes, start_s,
  /// bytes_per_s} of each segment, or {latency_s, bandwidth_bytes_per_s, middle_bytes, middle_s,
  /// exponent, decline_s}.
  std::vector<double> coefficients() const;
  /// Throw Error(kInternal) of another kind.
  std::vector<LinkSegment> segments() const;
  SaturatingLink saturating() const;

  bool operator==(const LinkModel&) const = default;

 private:
  LinkModel(Kind kind, std::initializer_list<double> coefficients, double peak);
  /// Without regard to the valid range.
  double curve_s(double bytes) const;

  Kind kind_;
  std::array<double, 3 * kMostSegments> c_{};
  std::size_t count_;  ///< of c_ that are in use
  double peak_bytes_per_s_;
  double low_bytes_ = 0;
  double high_bytes_ = std::numeric_limits<double>::infinity();
  double spread_ = 0;
};

class CollectiveTime;
enum class CommunicationOp;
enum class LinkLevel;

/// One side of a transfer: `count` GPUs of one machine that send or receive together.
struct LinkEnd {
  std::string_view zone;
  std::string_view gpu;
  int count = 1;
};

/// Which link joins two groups of GPUs on different machines, and inside one.
class Network {
 public:
  virtual ~Network() = default;
  /// The aggregate link from machine to machine. Throws Error(kBadInput) naming both ends where
  /// nothing is known of it.
  virtual LinkModel between(const LinkEnd& from, const LinkEnd& to) const = 0;
  /// The same; nothing where nothing is known of it.
  virtual std::optional<LinkModel> find(const LinkEnd& from, const LinkEnd& to) const;
  /// The link that `count` GPUs of one machine share when they talk among themselves; nothing where
  /// the network does not say.
  virtual std::optional<LinkModel> inside_node(std::string_view gpu, int count) const;
  /// What a collective of `world_size` ranks of a GPU type costs whose ranks span `level`, where
  /// collectives themselves were measured; else nothing.
  virtual std::optional<CollectiveTime> collective(CommunicationOp op, std::string_view gpu,
                                                   LinkLevel level, int world_size) const;
  /// Evidence and origin, for people.
  virtual std::string describe() const = 0;
};

}  // namespace sextant
