#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/training/estimator.h"

namespace sextant::varuna {

/// One layer at one microbatch size.
struct LayerFigures {
  double forward_s = 0;
  double backward_s = 0;
  double parameter_bytes = 0;
  double required_bytes = 0;  ///< peak of the layer trained alone, not divided by the degree
  double output_bytes = 0;    ///< a rank's part
};

/// What Varuna measured of a model on a GPU type at one tensor degree.
struct LayerTable {
  std::map<int, std::vector<LayerFigures>> by_microbatch;
  std::string source;  ///< file, or "profile"

  /// Throws Error(kBadInput) naming the source and what there is.
  const std::vector<LayerFigures>& at(int microbatch) const;
};

/// The published table Varuna/profiles/<model>/<gpu>/profile_<tp>.json where there is one, else the
/// same from the profile: a layer alone holds its parameters and what it saves for the backward
/// pass. Throws Error(kBadInput) where neither knows that degree.
LayerTable layer_table(const TrainingProblem& problem, std::string_view gpu, int tp);

}  // namespace sextant::varuna
