#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// A folder of JSON documents that are looked up by name: <name>.json, each with an optional list
/// `aliases`. Names are compared without regard to ASCII case and never become part of a path.
class Catalog {
 public:
  /// `what` names an entry in messages ("model"). Throws Error(kBadInput) where `folder` cannot be
  /// listed.
  Catalog(std::filesystem::path folder, std::string what);

  /// Sorted.
  const std::vector<std::string>& names() const { return names_; }
  std::filesystem::path path_of(const std::string& name) const;
  /// The name of the entry that `name` or one of its aliases means; nothing where there is none.
  std::optional<std::string> find(std::string_view name) const;
  /// The same; throws Error(kBadInput) with the nearest names where there is none.
  std::string resolve(std::string_view name) const;

 private:
  std::filesystem::path folder_;
  std::string what_;
  std::vector<std::string> names_;
};

}  // namespace sextant
