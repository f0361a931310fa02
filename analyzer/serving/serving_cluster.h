#pragma once

#include <string>
#include <vector>

namespace sextant {

/// In links and networks: who sends prompts out and gets tokens back.
inline constexpr int kCoordinator = -1;

struct ServingMachine {
  std::string name;
  std::string type;
};

/// Between two machines (from < to) in each direction, or from or to the coordinator in one.
struct ServingLink {
  int from = kCoordinator;
  int to = kCoordinator;
  double bytes_per_s = 0;  ///< of one direction
  double latency_s = 0;
};

/// The machines that may serve a model, and the links between them.
struct ServingCluster {
  std::vector<ServingMachine> machines;
  std::vector<ServingLink> links;  ///< in the order of their file, which breaks ties
  double coordinator_in_bytes_per_s = 0;
  double coordinator_out_bytes_per_s = 0;
  std::string source;  ///< file it came from
};

}  // namespace sextant
