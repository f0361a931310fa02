#include "analyzer/core/catalog.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

std::vector<std::string> aliases_in(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  std::vector<std::string> out;
  if (const auto aliases = document.root().find("aliases")) {
    for (const JsonNode& alias : aliases->elements()) out.push_back(alias.name());
  }
  return out;
}

}  // namespace

Catalog::Catalog(std::filesystem::path folder, std::string what)
    : folder_(std::move(folder)), what_(std::move(what)) {
  std::error_code failure;
  for (std::filesystem::directory_iterator entry(folder_, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    if (entry->path().extension() == ".json") names_.push_back(entry->path().stem().string());
  }
  if (failure) {
    throw_bad_input(
        fmt::format("{}: cannot be listed: {}", quote(folder_.string(), 200), failure.message()));
  }
  std::sort(names_.begin(), names_.end());
}

std::filesystem::path Catalog::path_of(const std::string& name) const {
  return folder_ / (name + ".json");
}

std::optional<std::string> Catalog::find(std::string_view name) const {
  const std::string wanted = lower(name);
  for (const std::string& known : names_) {
    if (lower(known) == wanted) return known;
  }
  for (const std::string& known : names_) {
    for (const std::string& alias : aliases_in(path_of(known))) {
      if (lower(alias) == wanted) return known;
    }
  }
  return std::nullopt;
}

std::string Catalog::resolve(std::string_view name) const {
  if (auto found = find(name)) return *std::move(found);
  std::vector<std::string> candidates = names_;
  for (const std::string& known : names_) {
    for (std::string& alias : aliases_in(path_of(known))) candidates.push_back(std::move(alias));
  }
  const std::string near = nearest_name(name, candidates);
  throw_bad_input(fmt::format("no {} is named {}{}; there are {}", what_, quote(name),
                              near.empty() ? "" : fmt::format(" (did you mean {}?)", near),
                              fmt::join(names_, ", ")));
}

}  // namespace sextant
