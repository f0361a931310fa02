#include "analyzer/model/zoo.h"

#include "analyzer/core/catalog.h"
#include "analyzer/core/data_directory.h"
#include "analyzer/model/model_document.h"

namespace sextant {

namespace {

Catalog models() {
  return Catalog(data_directory() / "models", "built-in model");
}

}  // namespace

std::vector<std::string> zoo_names() {
  return models().names();
}

ModelDescription zoo_model(std::string_view name) {
  const Catalog catalog = models();
  return read_model(catalog.path_of(catalog.resolve(name)));
}

ModelDescription model_named(const std::string& name, const std::filesystem::path& folder) {
  if (name.ends_with(".json")) return read_model(folder / name);
  return zoo_model(name);
}

}  // namespace sextant
