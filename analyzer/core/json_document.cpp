#include "analyzer/core/json_document.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>
#include <unordered_set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

namespace {

using nlohmann::json;

/// Builds the value while checking what nlohmann's own builder lets pass: depth, number of values
/// and duplicate keys.
class StrictBuilder : public nlohmann::json_sax<json> {
 public:
  StrictBuilder(json& root, const JsonLimits& limits, const std::string& file)
      : root_(root), limits_(limits), file_(file) {}

  bool null() override { return put(nullptr); }
  bool boolean(bool value) override { return put(value); }
  bool number_integer(number_integer_t value) override { return put(value); }
  bool number_unsigned(number_unsigned_t value) override { return put(value); }
  bool number_float(number_float_t value, const string_t& text) override {
    if (!std::isfinite(value)) refuse(fmt::format("number {} is out of range", quote(text, 40)));
    return put(value);
  }
  bool string(string_t& value) override { return put(std::move(value)); }
  bool binary(binary_t& value) override { return put(std::move(value)); }
  bool start_object(std::size_t) override { return open(json::object()); }
  bool end_object() override { return close(); }
  bool start_array(std::size_t) override { return open(json::array()); }
  bool end_array() override { return close(); }

  bool key(string_t& name) override {
    auto [place, inserted] = stack_.back()->emplace(name, nullptr);
    if (!inserted) refuse(fmt::format("the key {} stands twice in one object", quote(name)));
    member_ = &*place;
    return true;
  }

  bool parse_error(std::size_t position, const std::string& last_token,
                   const nlohmann::json::exception& error) override {
    if (error.id == 406) refuse(fmt::format("at byte {}: number out of range", position));
    const std::string token = last_token.empty() ? "" : " near " + quote(last_token, 40);
    // nlohmann's own text, less its bracketed identifier and position.
    std::string_view why = error.what();
    if (const auto at = why.find(": syntax error"); at != std::string_view::npos) {
      why.remove_prefix(at + 2);
    }
    if (const auto at = why.find("; last read"); at != std::string_view::npos) {
      why = why.substr(0, at);
    }
    refuse(fmt::format("is not valid JSON at byte {}{}: {}", position, token, why));
  }

 private:
  [[noreturn]] void refuse(std::string message) const {
    throw_bad_input(fmt::format("{}: {}", file_, std::move(message)));
  }

  template <typename T>
  json* place(T&& value) {
    if (++values_ > limits_.max_values) {
      refuse(fmt::format("holds more than {} values", limits_.max_values));
    }
    if (stack_.empty()) {
      root_ = std::forward<T>(value);
      return &root_;
    }
    if (stack_.back()->is_array()) {
      stack_.back()->push_back(std::forward<T>(value));
      return &stack_.back()->back();
    }
    *member_ = std::forward<T>(value);
    return member_;
  }

  template <typename T>
  bool put(T&& value) {
    place(std::forward<T>(value));
    return true;
  }

  bool open(json&& container) {
    if (stack_.size() >= limits_.max_depth) {
      refuse(fmt::format("is nested more than {} levels deep", limits_.max_depth));
    }
    stack_.push_back(place(std::move(container)));
    return true;
  }

  bool close() {
    stack_.pop_back();
    return true;
  }

  json& root_;
  const JsonLimits& limits_;
  const std::string& file_;
  std::vector<json*> stack_;
  json* member_ = nullptr;
  std::size_t values_ = 0;
};

json parse_strictly(std::string_view text, const std::string& file, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes) {
    throw_bad_input(
        fmt::format("{}: has {} bytes; at most {} are read", file, text.size(), limits.max_bytes));
  }
  if (text.empty()) throw_bad_input(fmt::format("{}: is empty; expected a JSON document", file));
  if (text.starts_with("\xFF\xFE") || text.starts_with("\xFE\xFF") ||
      (text.size() > 1 && (text[0] == '\0' || text[1] == '\0'))) {
    throw_bad_input(
        fmt::format("{}: at byte 0: looks like UTF-16 or binary; JSON must be UTF-8", file));
  }
  json value;
  StrictBuilder builder(value, limits, file);
  json::sax_parse(text.begin(), text.end(), &builder);
  return value;
}

std::string describe(const json& value) {
  switch (value.type()) {
    case json::value_t::null:
      return "null";
    case json::value_t::object:
      return fmt::format("an object of {} members", value.size());
    case json::value_t::array:
      return fmt::format("an array of {} elements", value.size());
    case json::value_t::string:
      return "the string " + quote(value.get_ref<const std::string&>());
    case json::value_t::boolean:
      return value.get<bool>() ? "true" : "false";
    default:
      return value.dump();
  }
}

/// One reference token of a JSON pointer (RFC 6901: "~" and "/" are escaped).
std::string pointer_token(std::string_view key) {
  std::string out = "/";
  for (const char c : key) {
    if (c == '~') {
      out += "~0";
    } else if (c == '/') {
      out += "~1";
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

const std::string& JsonNode::file() const {
  return document_->file();
}

const json& JsonNode::expect(bool condition, std::string_view expected) const {
  if (!condition) fail(expected);
  return *value_;
}

void JsonNode::fail(std::string_view expected, std::string_view found) const {
  const std::string place = pointer_.empty() ? "the top level" : quote(pointer_, 200);
  throw_bad_input(fmt::format("{} at {}: expected {}, found {}", file(), place, expected,
                              found.empty() ? describe(*value_) : std::string(found)));
}

bool JsonNode::has(std::string_view key) const {
  return value_->is_object() && value_->contains(key);
}

JsonNode JsonNode::at(std::string_view key) const {
  expect(value_->is_object(), fmt::format("an object with the member {}", quote(key)));
  const auto found = value_->find(key);
  if (found == value_->end()) {
    std::vector<std::string> known;
    for (const auto& [name, value] : value_->items()) known.push_back(name);
    const std::string near = nearest_name(key, known);
    fail(fmt::format("the member {}", quote(key)),
         near.empty() ? "none" : fmt::format("none (there is {})", quote(near)));
  }
  return JsonNode(document_, &*found, pointer_ + pointer_token(key));
}

std::optional<JsonNode> JsonNode::find(std::string_view key) const {
  expect(value_->is_object(), "an object");
  const auto found = value_->find(key);
  if (found == value_->end() || found->is_null()) return std::nullopt;
  return JsonNode(document_, &*found, pointer_ + pointer_token(key));
}

JsonNode JsonNode::at(std::size_t index) const {
  expect(value_->is_array() && index < value_->size(),
         fmt::format("an array of more than {} elements", index));
  return JsonNode(document_, &(*value_)[index], pointer_ + "/" + std::to_string(index));
}

std::vector<JsonNode> JsonNode::elements() const {
  expect(value_->is_array(), "an array");
  std::vector<JsonNode> out;
  out.reserve(value_->size());
  for (std::size_t i = 0; i < value_->size(); ++i) out.push_back(at(i));
  return out;
}

std::vector<std::pair<std::string, JsonNode>> JsonNode::members() const {
  expect(value_->is_object(), "an object");
  std::vector<std::pair<std::string, JsonNode>> out;
  out.reserve(value_->size());
  for (auto it = value_->begin(); it != value_->end(); ++it) {
    out.emplace_back(it.key(), JsonNode(document_, &*it, pointer_ + pointer_token(it.key())));
  }
  return out;
}

bool JsonNode::boolean() const {
  return expect(value_->is_boolean(), "true or false").get<bool>();
}

const std::string& JsonNode::string() const {
  return expect(value_->is_string(), "a string").get_ref<const std::string&>();
}

const std::string& JsonNode::name() const {
  constexpr std::size_t kLongestName = 200;
  const std::string& text = string();
  bool clean = !text.empty() && text.size() <= kLongestName;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    clean = clean && byte >= 0x20 && byte != 0x7F;
  }
  expect(clean, "a name of 1 to 200 bytes without control characters");
  return text;
}

std::size_t JsonNode::one_of(std::span<const std::string_view> names) const {
  const auto found = std::find(names.begin(), names.end(), string());
  if (found == names.end()) fail(fmt::format("one of {}", fmt::join(names, ", ")));
  return static_cast<std::size_t>(found - names.begin());
}

double JsonNode::number() const {
  return expect(value_->is_number(), "a number").get<double>();
}

double JsonNode::positive() const {
  const double value = number();
  expect(value > 0, "a number greater than zero");
  return value;
}

double JsonNode::non_negative() const {
  const double value = number();
  expect(value >= 0, "a number that is not negative");
  return value;
}

std::int64_t JsonNode::integer(std::int64_t low, std::int64_t high) const {
  const auto expected = [&] { return fmt::format("an integer from {} to {}", low, high); };
  if (value_->is_number_unsigned() &&
      value_->get<std::uint64_t>() > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) {
    fail(expected());
  }
  if (!value_->is_number_integer()) fail(expected());
  const auto value = value_->get<std::int64_t>();
  if (value < low || value > high) fail(expected());
  return value;
}

int JsonNode::count() const {
  return static_cast<int>(integer(1, std::numeric_limits<int>::max()));
}

std::vector<double> JsonNode::numbers() const {
  std::vector<double> out;
  for (const JsonNode& element : elements()) out.push_back(element.number());
  return out;
}

void JsonNode::only(std::initializer_list<std::string_view> known) const {
  expect(value_->is_object(), "an object");
  const std::vector<std::string> names(known.begin(), known.end());
  for (auto it = value_->begin(); it != value_->end(); ++it) {
    if (std::find(known.begin(), known.end(), it.key()) != known.end()) continue;
    const std::string near = nearest_name(it.key(), names);
    fail("only known members",
         fmt::format("{}{}", quote(it.key()),
                     near.empty() ? "" : fmt::format(" (did you mean {}?)", quote(near))));
  }
}

JsonDocument JsonDocument::read(const std::filesystem::path& path, const JsonLimits& limits) {
  const std::string name = path.string();
  return JsonDocument(name, parse_strictly(read_file(path, limits.max_bytes), name, limits));
}

JsonDocument JsonDocument::parse(std::string_view text, std::string name,
                                 const JsonLimits& limits) {
  json value = parse_strictly(text, name, limits);
  return JsonDocument(std::move(name), std::move(value));
}

JsonNode JsonDocument::root_of_kind(std::string_view kind, int major) const {
  JsonNode top = root();
  const JsonNode schema = top.at("schema");
  const std::string& id = schema.string();
  const std::string prefix = fmt::format("sextant/{}/", kind);
  if (!id.starts_with(prefix)) schema.fail(fmt::format("\"{}{}.x\"", prefix, major));
  const char* begin = id.data() + prefix.size();
  const char* end = id.data() + id.size();
  int found_major = 0;
  const auto parsed = std::from_chars(begin, end, found_major);
  if (parsed.ec != std::errc() || parsed.ptr == end || *parsed.ptr != '.') {
    schema.fail(fmt::format("\"{}{}.x\"", prefix, major));
  }
  if (found_major > major) {
    schema.fail(
        fmt::format("major version {} or older (this program is {})", major, SEXTANT_VERSION), id);
  }
  return top;
}

std::string JsonDocument::kind() const {
  const auto schema = value_.is_object() ? value_.find("schema") : value_.end();
  if (!value_.is_object() || schema == value_.end() || !schema->is_string()) return "";
  const std::string& id = schema->get_ref<const std::string&>();
  constexpr std::string_view kPrefix = "sextant/";
  if (!id.starts_with(kPrefix)) return "";
  const std::size_t end = id.find('/', kPrefix.size());
  return id.substr(kPrefix.size(), end == std::string::npos ? end : end - kPrefix.size());
}

void expect_known(const JsonNode& node, bool lenient,
                  std::initializer_list<std::string_view> known) {
  if (!lenient) node.only(known);
}

bool has_newer_minor(const JsonNode& root, int our_minor) {
  const std::string& id = root.at("schema").string();
  const std::size_t dot = id.rfind('.');
  if (dot == std::string::npos) return false;
  int minor = 0;
  const auto parsed = std::from_chars(id.data() + dot + 1, id.data() + id.size(), minor);
  return parsed.ec == std::errc() && minor > our_minor;
}

OrderedJson bytes_json(double bytes) {
  constexpr double kLargestExact = 9007199254740992.0;  // 2^53
  if (bytes < kLargestExact && bytes == static_cast<double>(static_cast<std::int64_t>(bytes))) {
    return static_cast<std::int64_t>(bytes);
  }
  return bytes;
}

std::string schema_id(std::string_view kind, int major, int minor) {
  return fmt::format("sextant/{}/{}.{}", kind, major, minor);
}

namespace {

bool is_flat(const OrderedJson& value) {
  constexpr std::size_t kLongestLine = 32;
  if (value.size() > kLongestLine) return false;
  for (const auto& element : value) {
    if (element.is_structured()) return false;
  }
  return true;
}

void write_json(const OrderedJson& value, std::size_t indent, std::string& out) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) {
    throw Error(ErrorCode::kInternal, "a document would hold a NaN or an infinity");
  }
  if (!value.is_structured() || value.empty()) {
    out += value.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
    return;
  }
  const bool flat = value.is_array() && is_flat(value);
  const std::string line = flat ? "" : "\n" + std::string(indent + 2, ' ');
  out += value.is_array() ? '[' : '{';
  bool first = true;
  for (auto it = value.begin(); it != value.end(); ++it) {
    if (!first) out += flat ? ", " : ",";
    first = false;
    out += line;
    if (value.is_object()) {
      out += OrderedJson(it.key()).dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
      out += ": ";
    }
    write_json(*it, indent + 2, out);
  }
  if (!flat) out += "\n" + std::string(indent, ' ');
  out += value.is_array() ? ']' : '}';
}

}  // namespace

std::string json_text(const OrderedJson& value) {
  std::string out;
  write_json(value, 0, out);
  out += '\n';
  return out;
}

}  // namespace sextant
