#include "analyzer/serving/simulation/link_state.h"

#include <algorithm>
#include <numeric>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

LinkStates::LinkStates(const ServedNetwork& network)
    : coordinator_(static_cast<int>(network.nodes.size())) {
  const std::size_t places = network.nodes.size() + 1;
  const ServedModel& model = network.profiles.model;
  for (const ServedNode& node : network.nodes) {
    nic_out_.push_back(node.nic_out_bytes_per_s);
    nic_in_.push_back(node.nic_in_bytes_per_s);
    end_.push_back(node.layers.end);
  }
  nic_out_.push_back(network.coordinator_out_bytes_per_s);
  nic_in_.push_back(network.coordinator_in_bytes_per_s);
  end_.push_back(0);
  used_out_.assign(places, 0);
  used_in_.assign(places, 0);
  peak_out_.assign(places, 0);
  peak_in_.assign(places, 0);

  const auto place = [&](int node) { return node == kCoordinator ? coordinator_ : node; };
  first_out_.assign(places + 1, 0);
  links_.reserve(network.links.size());
  for (const ServedLink& link : network.links) {
    LinkState state;
    state.from = place(link.from);
    state.to = place(link.to);
    const bool outside = link.from == kCoordinator || link.to == kCoordinator;
    state.bytes_per_token =
        outside ? model.token_bytes : model.token_bytes + model.activation_bytes;
    state.latency_s = link.latency_s;
    state.bytes_per_s = link.bytes_per_s;
    if (link.to != kCoordinator) {
      const LayerInterval& layers = network.nodes[static_cast<std::size_t>(link.to)].layers;
      state.entry = end_[static_cast<std::size_t>(state.from)] - layers.first;
      state.passed = layers.layers() - state.entry;
      if (state.entry < 0 || state.passed <= 0) {
        throw Error(
            ErrorCode::kBadInput,
            fmt::format("link {}: {} holds layers {} to {}, expected layer {}", links_.size(),
                        network.nodes[static_cast<std::size_t>(link.to)].name, layers.first,
                        layers.end, layers.first + state.entry));
      }
    }
    links_.push_back(state);
    ++first_out_[static_cast<std::size_t>(state.from) + 1];
  }
  std::partial_sum(first_out_.begin(), first_out_.end(), first_out_.begin());
  out_.resize(links_.size());
  std::vector<std::size_t> next(first_out_.begin(), first_out_.end() - 1);
  for (int link = 0; link < size(); ++link) {
    out_[next[static_cast<std::size_t>((*this)[link].from)]++] = link;
  }
}

double LinkStates::available(int link) const {
  const LinkState& state = (*this)[link];
  const auto from = static_cast<std::size_t>(state.from);
  const auto to = static_cast<std::size_t>(state.to);
  return std::min({nic_out_[from] - used_out_[from], state.bytes_per_s - state.used,
                   nic_in_[to] - used_in_[to]});
}

double LinkStates::fair_bandwidth(int link) const {
  const LinkState& state = (*this)[link];
  const double share = nic_out(state.from) / static_cast<double>(out(state.from).size());
  return std::min(share - state.used, available(link));
}

void LinkStates::reserve(int link, double bandwidth) {
  LinkState& state = (*this)[link];
  const auto from = static_cast<std::size_t>(state.from);
  const auto to = static_cast<std::size_t>(state.to);
  state.used += bandwidth;
  used_out_[from] += bandwidth;
  used_in_[to] += bandwidth;
  state.peak = std::max(state.peak, state.used);
  peak_out_[from] = std::max(peak_out_[from], used_out_[from]);
  peak_in_[to] = std::max(peak_in_[to], used_in_[to]);
}

int LinkStates::longest_way() const {
  // Each link leads to a node that ends later, so nodes by their ends are in topological order.
  std::vector<int> by_end(static_cast<std::size_t>(coordinator_));
  std::iota(by_end.begin(), by_end.end(), 0);
  std::stable_sort(by_end.begin(), by_end.end(), [&](int a, int b) {
    return end_[static_cast<std::size_t>(a)] < end_[static_cast<std::size_t>(b)];
  });
  by_end.insert(by_end.begin(), coordinator_);
  std::vector<int> longest(by_end.size(), kCoordinator);
  int back = 0;
  for (const int node : by_end) {
    const int so_far = node == coordinator_ ? 0 : longest[static_cast<std::size_t>(node)];
    if (so_far < 0) continue;
    for (const int link : out(node)) {
      const int to = (*this)[link].to;
      int& there = to == coordinator_ ? back : longest[static_cast<std::size_t>(to)];
      there = std::max(there, so_far + 1);
    }
  }
  if (back == 0) {
    throw Error(ErrorCode::kInfeasible,
                fmt::format("no way from the coordinator through all layers: {} machines and {} "
                            "links",
                            coordinator_, size()));
  }
  return back;
}

}  // namespace sextant
