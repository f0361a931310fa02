#pragma once

#include <memory>

#include "analyzer/network/link_model.h"

namespace sextant {

/// Which links of a network a change is about.
enum class ChangedLinks {
  kBetweenMachines,  ///< of all zones
  kBetweenZones,
};

/// The same network, whose links of that kind move `factor` times the bytes a second. Latencies
/// stay, and so do collectives that were measured, which are no links.
std::shared_ptr<const Network> with_bandwidth(std::shared_ptr<const Network> network,
                                              ChangedLinks links, double factor);

/// The same network with a link wherever it has none: 12.5 GB/s, 100 µs, as of 100 Gb/s Ethernet.
/// It tells whether a plan fails for want of a link, not what such a link would bring.
std::shared_ptr<const Network> with_all_links(std::shared_ptr<const Network> network);

}  // namespace sextant
