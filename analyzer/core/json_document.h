#pragma once

#include <cstdint>
#include <filesystem>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace sextant {

/// JSON for writing: keeps the order in which keys were set.
using OrderedJson = nlohmann::ordered_json;

/// Limits on what a JSON reader accepts; they stop hostile files, not large profiles.
struct JsonLimits {
  std::size_t max_bytes = std::size_t{256} << 20;
  std::size_t max_depth = 64;
  std::size_t max_values = 5'000'000;
};

class JsonDocument;

/// A read-only view of one value of a JSON document that knows where it stands. Every accessor
/// throws Error(kBadInput) that names the file, the JSON pointer, what was expected and what was
/// found. Valid as long as its document lives.
class JsonNode {
 public:
  const nlohmann::json& raw() const { return *value_; }
  /// The document's name, usually its path.
  const std::string& file() const;
  /// RFC 6901 pointer, "" for the root.
  const std::string& pointer() const { return pointer_; }

  bool is_object() const { return value_->is_object(); }
  bool is_array() const { return value_->is_array(); }
  bool is_string() const { return value_->is_string(); }
  bool is_number() const { return value_->is_number(); }
  bool is_null() const { return value_->is_null(); }
  /// Number of members or elements.
  std::size_t size() const { return value_->size(); }

  bool has(std::string_view key) const;
  /// The member `key` of an object.
  JsonNode at(std::string_view key) const;
  /// The same; nothing where the key is absent or null.
  std::optional<JsonNode> find(std::string_view key) const;
  /// Element `index` of an array.
  JsonNode at(std::size_t index) const;
  std::vector<JsonNode> elements() const;
  /// Members sorted by key.
  std::vector<std::pair<std::string, JsonNode>> members() const;

  bool boolean() const;
  const std::string& string() const;
  /// A string that is fit to be the name of something: not empty, at most 200 bytes, valid UTF-8,
  /// without control characters.
  const std::string& name() const;
  /// The index in `names` of the string that stands here, which must be one of them.
  std::size_t one_of(std::span<const std::string_view> names) const;
  std::size_t one_of(std::initializer_list<std::string_view> names) const {
    return one_of(std::span(names.begin(), names.size()));
  }
  /// Any finite number.
  double number() const;
  /// > 0 and finite.
  double positive() const;
  /// >= 0 and finite.
  double non_negative() const;
  /// An integer in [low, high].
  std::int64_t integer(std::int64_t low, std::int64_t high) const;
  /// An integer in [1, 2^31 - 1].
  int count() const;
  std::vector<double> numbers() const;

  /// Refuses members of an object that are not in `known`, with the nearest known name.
  void only(std::initializer_list<std::string_view> known) const;

  /// Throws "FILE at POINTER: expected EXPECTED, found FOUND".
  [[noreturn]] void fail(std::string_view expected, std::string_view found = "") const;

 private:
  friend class JsonDocument;
  JsonNode(const JsonDocument* document, const nlohmann::json* value, std::string pointer)
      : document_(document), value_(value), pointer_(std::move(pointer)) {}
  const nlohmann::json& expect(bool condition, std::string_view expected) const;

  const JsonDocument* document_;
  const nlohmann::json* value_;
  std::string pointer_;
};

/// A parsed JSON file. Refuses what is malformed, too deep, too large, has duplicate keys or
/// numbers out of range, with the byte offset.
class JsonDocument {
 public:
  static JsonDocument read(const std::filesystem::path& path, const JsonLimits& limits = {});
  /// `name` stands for the file in messages.
  static JsonDocument parse(std::string_view text, std::string name, const JsonLimits& limits = {});

  JsonDocument(JsonDocument&&) = delete;

  const std::string& file() const { return file_; }
  JsonNode root() const { return JsonNode(this, &value_, ""); }
  /// The root, after checking `"schema": "sextant/<kind>/<major>.<minor>"`: another kind or a newer
  /// major version is refused.
  JsonNode root_of_kind(std::string_view kind, int major) const;
  /// <kind> of the schema member, or "" where there is none.
  std::string kind() const;

 private:
  JsonDocument(std::string file, nlohmann::json value)
      : file_(std::move(file)), value_(std::move(value)) {}

  std::string file_;
  nlohmann::json value_;
};

/// Refuses members that are not in `known`, unless the document is of a newer minor version.
void expect_known(const JsonNode& node, bool lenient,
                  std::initializer_list<std::string_view> known);

/// Whether the schema member names a newer minor version than ours of that kind, whose unknown
/// members are to be passed over.
bool has_newer_minor(const JsonNode& root, int our_minor = 0);

/// Bytes are counts: an integer wherever they are whole.
OrderedJson bytes_json(double bytes);

/// "sextant/<kind>/<major>.<minor>".
std::string schema_id(std::string_view kind, int major = 1, int minor = 0);

/// The text of a JSON value as we print it: two spaces of indentation, arrays of plain numbers or
/// strings on one line, a final newline. Throws Error(kInternal) on a NaN or an infinity, which
/// JSON cannot hold.
std::string json_text(const OrderedJson& value);

}  // namespace sextant
