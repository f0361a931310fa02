#pragma once

#include <filesystem>
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

/// The model that a user names: the document of that path where the name ends in ".json" (relative
/// to `folder`), else of the zoo. Throws Error(kBadInput).
ModelDescription model_named(const std::string& name, const std::filesystem::path& folder = {});

}  // namespace sextant
