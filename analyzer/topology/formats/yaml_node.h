#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sextant {

/// A value of a YAML document that knows where it stands; read like a JsonNode. Every accessor
/// throws Error(kBadInput) "FILE at line 4, column 12: expected EXPECTED, found FOUND".
class YamlNode {
 public:
  /// The one document of a file. Refuses what is malformed, too deep, too large or has duplicate
  /// keys, with the place.
  static YamlNode read(const std::filesystem::path& path);
  /// `file` stands for the file in messages.
  static YamlNode parse(const std::string& text, const std::string& file);

  /// The member `key` of a map.
  const YamlNode& at(std::string_view key) const;
  /// The same; nothing where the key is absent or null.
  std::optional<YamlNode> find(std::string_view key) const;
  const std::vector<YamlNode>& elements() const;
  /// In the file's order.
  const std::vector<std::pair<std::string, YamlNode>>& members() const;

  const std::string& string() const;
  /// As JsonNode::name().
  const std::string& name() const;
  /// Any finite number without quotes.
  double number() const;
  double non_negative() const;
  /// An integer in [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high) const;

  /// Refuses members that are not in `known`, with the nearest known name.
  void only(std::initializer_list<std::string_view> known) const;

  [[noreturn]] void fail(std::string_view expected, std::string_view found = "") const;

 private:
  friend class YamlReader;
  enum class Kind { kNull, kPlain, kQuoted, kList, kMap };

  std::string describe() const;
  void expect(bool condition, std::string_view expected) const;

  std::string file_;
  int line_ = 1;
  int column_ = 1;
  Kind kind_ = Kind::kNull;
  std::string text_;
  std::vector<YamlNode> elements_;
  std::vector<std::pair<std::string, YamlNode>> members_;
};

}  // namespace sextant
