#pragma once

#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// Time to move bytes over one link, as a function of the size. A value type.
class LinkModel {
 public:
  enum class Kind {
    kLatencyBandwidth,  ///< t = latency + bytes / bandwidth
    kQuadraticLog2Mb,   ///< the Sailor artifact's fit, kept for comparison: t = bytes / bw(x),
                        ///< bw in GB/s = a x² + b x + c, x = log2(bytes / 1e6)
  };

  /// Throws Error(kBadInput) unless latency_s >= 0 and bandwidth_bytes_per_s > 0, both finite.
  static LinkModel latency_bandwidth(double latency_s, double bandwidth_bytes_per_s);
  /// `max_bytes_per_s` is the largest bandwidth that was measured. Throws Error(kBadInput) unless
  /// the coefficients are finite and it is > 0 and finite.
  static LinkModel quadratic_log2_mb(double a, double b, double c, double max_bytes_per_s);

  Kind kind() const { return kind_; }
  /// Seconds to move `bytes` > 0. The quadratic is evaluated as it stands, outside its measured
  /// range too, where it may turn negative: specs of the published planners depend on it.
  double transfer_s(double bytes) const;
  /// Bandwidth of large messages: the fitted one, or the largest measured.
  double peak_bytes_per_s() const { return peak_bytes_per_s_; }
  double latency_s() const { return kind_ == Kind::kLatencyBandwidth ? a_ : 0; }

  /// The same model, said to hold for messages of low_bytes … high_bytes (the sizes that were
  /// measured). Throws Error(kBadInput) unless 0 <= low_bytes <= high_bytes.
  LinkModel valid_between(double low_bytes, double high_bytes) const;
  double low_bytes() const { return low_bytes_; }
  double high_bytes() const { return high_bytes_; }
  /// Whether `bytes` lies outside that range; never where no range was given.
  bool extrapolates(double bytes) const { return bytes < low_bytes_ || bytes > high_bytes_; }

  /// {latency_s, bandwidth_bytes_per_s} or {a, b, c}, for documents.
  std::vector<double> coefficients() const;

  bool operator==(const LinkModel&) const = default;

 private:
  LinkModel(Kind kind, double a, double b, double c, double peak)
      : kind_(kind), a_(a), b_(b), c_(c), peak_bytes_per_s_(peak) {}

  Kind kind_;
  double a_, b_, c_;
  double peak_bytes_per_s_;
  double low_bytes_ = 0;
  double high_bytes_ = std::numeric_limits<double>::infinity();
};

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
  std::optional<LinkModel> find(const LinkEnd& from, const LinkEnd& to) const;
  /// The link that `count` GPUs of one machine share when they talk among themselves; nothing where
  /// the network does not say.
  virtual std::optional<LinkModel> inside_node(std::string_view gpu, int count) const;
  /// Evidence and origin, for people.
  virtual std::string describe() const = 0;
};

}  // namespace sextant
