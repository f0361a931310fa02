#pragma once

// The two bandwidths of a GPU type that Metis knows; private to metis/ here and in
// planner/training.

#include <optional>
#include <string>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::metis {

/// Where a rank is.
struct Rank {
  int gpu = 0;   ///< index of its type
  int node = 0;  ///< any number that its node has alone
};

/// GPUs of a type in the one zone that Metis sees of it.
struct TypeInZone {
  std::string gpu;
  std::string zone;
  int gpus_per_node = 1;
};

/// Plateau bandwidths, bytes/s. Of one thread.
class Links {
 public:
  /// The problem must have a network.
  Links(const TrainingProblem& problem, std::vector<TypeInZone> types);

  /// What ranks first, first + stride, … (`count` of them) have among themselves: inside one node
  /// its own link, else the one between nodes of a type; of several types the least. Links between
  /// unlike types are not looked at, as in the published code. Throws Error(kBadInput) where the
  /// network lacks the link.
  double of_group(const std::vector<Rank>& ranks, int first, int count, int stride = 1);

 private:
  double between_nodes(int type);
  double inside_node(int type);

  const TrainingProblem& problem_;
  std::vector<TypeInZone> types_;
  std::vector<std::optional<double>> between_;
  std::vector<std::optional<double>> inside_;
};

}  // namespace sextant::metis
