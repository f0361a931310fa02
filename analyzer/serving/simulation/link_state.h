#pragma once

#include <span>
#include <vector>

#include "analyzer/serving/placement.h"

namespace sextant {

/// Less is not worth a transmission, bytes/s.
inline constexpr double kLeastBandwidth = 10;

/// A link and what goes over it now.
struct LinkState {
  int from = 0;  ///< node, or the coordinator, whose index is the number of nodes
  int to = 0;
  int entry = 0;   ///< layer of `to` at which requests come in, counted from its first
  int passed = 0;  ///< layers that a request runs on `to`
  double latency_s = 0;
  double bytes_per_token = 0;
  double bytes_per_s = 0;
  double used = 0;  ///< bytes/s
  double peak = 0;  ///< the most that was used at once
};

/// The directed links of a network with the NICs at their ends.
class LinkStates {
 public:
  explicit LinkStates(const ServedNetwork& network);

  int coordinator() const { return coordinator_; }
  int size() const { return static_cast<int>(links_.size()); }
  LinkState& operator[](int link) { return links_[static_cast<std::size_t>(link)]; }
  const LinkState& operator[](int link) const { return links_[static_cast<std::size_t>(link)]; }
  /// In the order of the network's links.
  std::span<const int> out(int node) const {
    const auto n = static_cast<std::size_t>(node);
    return {out_.data() + first_out_[n], out_.data() + first_out_[n + 1]};
  }

  double nic_out(int node) const { return nic_out_[static_cast<std::size_t>(node)]; }
  double nic_in(int node) const { return nic_in_[static_cast<std::size_t>(node)]; }
  /// What nobody uses of a link and the NICs at its ends, bytes/s.
  double available(int link) const;
  /// The same, but no more than an equal share of the sender's NIC for each link that leaves it.
  double fair_bandwidth(int link) const;
  void reserve(int link, double bandwidth);
  void release(int link, double bandwidth) { reserve(link, -bandwidth); }

  /// The most that was used at once of the NIC of a node or of the coordinator, bytes/s.
  double peak_out(int node) const { return peak_out_[static_cast<std::size_t>(node)]; }
  double peak_in(int node) const { return peak_in_[static_cast<std::size_t>(node)]; }

  /// Most links on a way from the coordinator back to it. Throws Error(kInfeasible) where no way
  /// passes all layers.
  int longest_way() const;

 private:
  int coordinator_;
  std::vector<LinkState> links_;
  std::vector<std::size_t> first_out_;
  std::vector<int> out_;
  std::vector<double> nic_out_;
  std::vector<double> nic_in_;
  std::vector<double> used_out_;
  std::vector<double> used_in_;
  std::vector<double> peak_out_;
  std::vector<double> peak_in_;
  std::vector<int> end_;  ///< layer after the last of each node
};

}  // namespace sextant
