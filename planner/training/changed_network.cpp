#include "planner/training/changed_network.h"

#include <limits>
#include <utility>

#include <fmt/format.h>

#include "analyzer/network/collective_cost.h"

namespace sextant {

namespace {

constexpr double kLikelyLatencyS = 1e-4;
constexpr double kLikelyBytesPerS = 12.5e9;

/// `factor` times the bandwidth at every size. Of a quadratic that is its bandwidth itself; the
/// others are as many links side by side.
LinkModel faster(const LinkModel& link, double factor) {
  if (link.kind() != LinkModel::Kind::kQuadraticLog2Mb) {
    return link.scaled(factor, std::numeric_limits<double>::infinity());
  }
  const std::vector<double> c = link.coefficients();
  return LinkModel::quadratic_log2_mb(c[0] * factor, c[1] * factor, c[2] * factor,
                                      link.peak_bytes_per_s() * factor)
      .valid_between(link.low_bytes(), link.high_bytes())
      .with_spread(link.spread());
}

/// Passes everything on.
class SameNetwork : public Network {
 public:
  explicit SameNetwork(std::shared_ptr<const Network> base) : base_(std::move(base)) {}

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    return base_->between(from, to);
  }
  std::optional<LinkModel> inside_node(std::string_view gpu, int count) const override {
    return base_->inside_node(gpu, count);
  }
  std::optional<CollectiveTime> collective(CommunicationOp op, std::string_view gpu,
                                           LinkLevel level, int world_size) const override {
    return base_->collective(op, gpu, level, world_size);
  }
  std::string describe() const override { return base_->describe(); }

 protected:
  const Network& base() const { return *base_; }

 private:
  std::shared_ptr<const Network> base_;
};

class FasterNetwork : public SameNetwork {
 public:
  FasterNetwork(std::shared_ptr<const Network> base, ChangedLinks links, double factor)
      : SameNetwork(std::move(base)), links_(links), factor_(factor) {}

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    const LinkModel link = base().between(from, to);
    const bool changed = links_ == ChangedLinks::kBetweenMachines || from.zone != to.zone;
    return changed ? faster(link, factor_) : link;
  }
  std::string describe() const override {
    return fmt::format("{}, {:g} times as fast", base().describe(), factor_);
  }

 private:
  ChangedLinks links_;
  double factor_;
};

class LinkedNetwork : public SameNetwork {
 public:
  using SameNetwork::SameNetwork;

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    const auto known = base().find(from, to);
    return known ? *known : LinkModel::latency_bandwidth(kLikelyLatencyS, kLikelyBytesPerS);
  }
};

}  // namespace

std::shared_ptr<const Network> with_bandwidth(std::shared_ptr<const Network> network,
                                              ChangedLinks links, double factor) {
  return std::make_shared<FasterNetwork>(std::move(network), links, factor);
}

std::shared_ptr<const Network> with_all_links(std::shared_ptr<const Network> network) {
  return std::make_shared<LinkedNetwork>(std::move(network));
}

}  // namespace sextant
