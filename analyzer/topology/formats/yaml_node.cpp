#include "analyzer/topology/formats/yaml_node.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <yaml-cpp/yaml.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/topology/formats/near_name.h"

namespace sextant {

/// Copies what yaml-cpp read, so that nothing of it leaves this file, and refuses what it lets
/// pass.
class YamlReader {
 public:
  explicit YamlReader(const std::string& file) : file_(file) {}

  YamlNode copy(const YAML::Node& from, int depth = 0) {
    YamlNode node;
    node.file_ = file_;
    node.line_ = from.Mark().line + 1;
    node.column_ = from.Mark().column + 1;
    // An anchor may stand for itself or, many times over, for a list of others.
    if (depth > kMostDepth) refuse(node, fmt::format("is nested more than {} deep", kMostDepth));
    if (++values_ > kMostValues)
      refuse(node, fmt::format("holds more than {} values", kMostValues));
    switch (from.Type()) {
      case YAML::NodeType::Undefined:
      case YAML::NodeType::Null:
        break;
      case YAML::NodeType::Scalar:
        node.kind_ = from.Tag() == "!" ? YamlNode::Kind::kQuoted : YamlNode::Kind::kPlain;
        node.text_ = from.Scalar();
        break;
      case YAML::NodeType::Sequence:
        node.kind_ = YamlNode::Kind::kList;
        for (const YAML::Node& element : from) node.elements_.push_back(copy(element, depth + 1));
        break;
      case YAML::NodeType::Map:
        node.kind_ = YamlNode::Kind::kMap;
        for (const auto& member : from) {
          add_member(node, member.first, copy(member.second, depth + 1));
        }
        break;
    }
    return node;
  }

 private:
  static constexpr int kMostDepth = 64;
  static constexpr int kMostValues = 100'000;

  [[noreturn]] static void refuse(const YamlNode& node, const std::string& what) {
    throw_bad_input(
        fmt::format("{} at line {}, column {}: {}", node.file_, node.line_, node.column_, what));
  }

  void add_member(YamlNode& map, const YAML::Node& key, YamlNode value) {
    YamlNode place = copy(key);
    const std::string& name = place.string();
    for (const auto& [other, _] : map.members_) {
      if (other == name) refuse(place, fmt::format("the key {} stands twice", quote(name)));
    }
    map.members_.emplace_back(name, std::move(value));
  }

  const std::string& file_;
  int values_ = 0;
};

YamlNode YamlNode::read(const std::filesystem::path& path) {
  return parse(read_file(path), path.string());
}

YamlNode YamlNode::parse(const std::string& text, const std::string& file) {
  // What is read here is a few hundred bytes; yaml-cpp takes long over much.
  constexpr std::size_t kMostBytes = std::size_t{1} << 20;
  if (text.size() > kMostBytes) {
    throw_bad_input(
        fmt::format("{}: has {} bytes; at most {} are read", file, text.size(), kMostBytes));
  }
  try {
    const std::vector<YAML::Node> documents = YAML::LoadAll(text);
    if (documents.size() != 1) {
      throw_bad_input(
          fmt::format("{}: expected one YAML document, found {}", file, documents.size()));
    }
    return YamlReader(file).copy(documents.front());
  } catch (const YAML::Exception& error) {
    throw_bad_input(fmt::format("{} at line {}, column {}: is not valid YAML: {}", file,
                                error.mark.line + 1, error.mark.column + 1, quote(error.msg, 200)));
  }
}

std::string YamlNode::describe() const {
  switch (kind_) {
    case Kind::kNull:
      return "nothing";
    case Kind::kPlain:
      return number_in(text_) ? text_ : quote(text_);
    case Kind::kQuoted:
      return "the string " + quote(text_);
    case Kind::kList:
      return fmt::format("a list of {} elements", elements_.size());
    case Kind::kMap:
      break;
  }
  return fmt::format("a map of {} members", members_.size());
}

void YamlNode::fail(std::string_view expected, std::string_view found) const {
  throw_bad_input(fmt::format("{} at line {}, column {}: expected {}, found {}", file_, line_,
                              column_, expected, found.empty() ? describe() : std::string(found)));
}

void YamlNode::expect(bool condition, std::string_view expected) const {
  if (!condition) fail(expected);
}

const std::vector<std::pair<std::string, YamlNode>>& YamlNode::members() const {
  expect(kind_ == Kind::kMap, "a map");
  return members_;
}

const YamlNode& YamlNode::at(std::string_view key) const {
  expect(kind_ == Kind::kMap, fmt::format("a map with the key {}", quote(key)));
  std::vector<std::string> known;
  for (const auto& [name, value] : members_) {
    if (name == key) return value;
    known.push_back(name);
  }
  const std::string near = nearest_name(key, known);
  fail(fmt::format("the key {}", quote(key)),
       near.empty() ? "none" : fmt::format("none (there is {})", quote(near)));
}

std::optional<YamlNode> YamlNode::find(std::string_view key) const {
  for (const auto& [name, value] : members()) {
    if (name == key && value.kind_ != Kind::kNull) return value;
  }
  return std::nullopt;
}

const std::vector<YamlNode>& YamlNode::elements() const {
  expect(kind_ == Kind::kList, "a list");
  return elements_;
}

const std::string& YamlNode::string() const {
  expect(kind_ == Kind::kPlain || kind_ == Kind::kQuoted, "a string");
  return text_;
}

const std::string& YamlNode::name() const {
  constexpr std::size_t kLongestName = 200;
  const std::string& text = string();
  const bool clean = std::none_of(text.begin(), text.end(), [](char c) {
    return static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
  });
  expect(clean && !text.empty() && text.size() <= kLongestName,
         "a name of 1 to 200 bytes without control characters");
  return text;
}

double YamlNode::number() const {
  const auto value = kind_ == Kind::kPlain ? number_in(text_) : std::nullopt;
  expect(value && std::isfinite(*value), "a number");
  return *value;
}

double YamlNode::non_negative() const {
  const double value = number();
  expect(value >= 0, "a number that is not negative");
  return value;
}

std::int64_t YamlNode::integer(std::int64_t low, std::int64_t high) const {
  std::int64_t value = 0;
  const char* end = text_.data() + text_.size();
  const auto parsed = std::from_chars(text_.data(), end, value);
  expect(kind_ == Kind::kPlain && parsed.ec == std::errc() && parsed.ptr == end && value >= low &&
             value <= high,
         fmt::format("an integer from {} to {}", low, high));
  return value;
}

void YamlNode::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : members()) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    value.fail("only known keys", quote_with_nearest(name, {known.begin(), known.end()}));
  }
}

}  // namespace sextant
