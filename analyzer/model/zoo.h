#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/model/model.h"

namespace sextant {

/// Names of the built-in models, sorted: the documents of models/ in data_directory().
std::vector<std::string> zoo_names();

/// A built-in model by its name or one of its aliases ("OPT-350" is OPT-350M), without regard to
/// case. Throws Error(kBadInput) naming the nearest there is. Published profiles describe their own
/// models: never complete one of theirs from here.
ModelDescription zoo_model(std::string_view name);

}  // namespace sextant
