#include "tests/support/schema_check.h"

#include <algorithm>
#include <fstream>
#include <regex>
#include <stdexcept>

#include "tests/support/project_paths.h"

namespace sextant::testing {

namespace {

using Json = nlohmann::json;

bool has_type(const Json& value, const std::string& type) {
  if (type == "integer") return value.is_number_integer();
  if (type == "number") return value.is_number();
  if (type == "string") return value.is_string();
  if (type == "boolean") return value.is_boolean();
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  return type == "null" && value.is_null();
}

/// Whether the value satisfies a keyword that looks at the value alone. Throws where the keyword is
/// not known.
bool satisfies(const Json& value, const std::string& keyword, const Json& argument) {
  if (keyword == "type") {
    if (argument.is_string()) return has_type(value, argument);
    return std::any_of(argument.begin(), argument.end(),
                       [&](const Json& type) { return has_type(value, type); });
  }
  if (keyword == "enum")
    return std::find(argument.begin(), argument.end(), value) != argument.end();
  if (keyword == "const") return value == argument;
  if (keyword == "minimum") return !value.is_number() || value >= argument;
  if (keyword == "maximum") return !value.is_number() || value <= argument;
  if (keyword == "exclusiveMinimum") return !value.is_number() || value > argument;
  if (keyword == "minItems") return !value.is_array() || value.size() >= argument;
  if (keyword == "maxItems") return !value.is_array() || value.size() <= argument;
  if (keyword == "minLength")
    return !value.is_string() || value.get<std::string>().size() >= argument;
  if (keyword == "maxLength")
    return !value.is_string() || value.get<std::string>().size() <= argument;
  if (keyword == "pattern") {
    return !value.is_string() ||
           std::regex_search(value.get<std::string>(), std::regex(argument.get<std::string>()));
  }
  if (keyword == "required") {
    return !value.is_object() ||
           std::all_of(argument.begin(), argument.end(),
                       [&](const Json& name) { return value.contains(name.get<std::string>()); });
  }
  if (keyword == "minProperties") return !value.is_object() || value.size() >= argument;
  if (keyword == "dependentRequired") {
    return std::all_of(argument.items().begin(), argument.items().end(), [&](const auto& item) {
      return !value.contains(item.key()) || satisfies(value, "required", item.value());
    });
  }
  throw std::runtime_error("no such keyword: " + keyword);
}

/// Keywords that say nothing of the value, or that SchemaCheck::check follows itself.
bool is_structure(const std::string& keyword) {
  static const std::set<std::string> names = {
      "if",          "then",    "else",       "$schema",
      "$id",         "$defs",   "$ref",       "title",
      "description", "default", "allOf",      "anyOf",
      "oneOf",       "items",   "properties", "additionalProperties"};
  return names.count(keyword) > 0;
}

void collect_properties(const Json& schema, const std::string& pointer,
                        std::vector<std::string>& out) {
  for (const auto& [key, value] : schema.items()) {
    if (!value.is_structured() || key == "if") continue;
    const std::string here = pointer + "/" + key;
    if (key == "properties") {
      for (const auto& [name, unused] : value.items()) out.push_back(here + "/" + name);
    }
    collect_properties(value, here, out);
  }
}

}  // namespace

SchemaCheck::Part SchemaCheck::Part::at(const std::string& key) const {
  return {file, pointer + "/" + key, &json->at(key)};
}

SchemaCheck::Part SchemaCheck::Part::at(std::size_t index) const {
  return {file, pointer + "/" + std::to_string(index), &json->at(index)};
}

SchemaCheck::SchemaCheck(const std::string& kind) : root_(kind + ".json") {
  file(root_);
}

const SchemaCheck::Json& SchemaCheck::file(const std::string& name) {
  const auto known = files_.find(name);
  if (known != files_.end()) return known->second;
  std::ifstream in(sextant::source_path("profiles/schema/") + name);
  if (!in) throw std::runtime_error("no schema " + name);
  return files_.emplace(name, Json::parse(in)).first->second;
}

/// What "$ref" stands for: "#/pointer", "other.json" or "other.json#/pointer".
SchemaCheck::Part SchemaCheck::resolve(const Part& from) {
  const std::string reference = from.json->at("$ref");
  const std::size_t hash = std::min(reference.find('#'), reference.size());
  const std::string name = hash == 0 ? from.file : reference.substr(0, hash);
  const std::string pointer = reference.substr(std::min(hash + 1, reference.size()));
  return {name, pointer, &file(name).at(Json::json_pointer(pointer))};
}

/// `part` and all that applies to the value because of it.
void SchemaCheck::flatten(const Part& part, const Json& value, const std::string& pointer,
                          std::vector<Part>& parts, Findings& findings) {
  parts.push_back(part);
  if (part.json->contains("$ref")) flatten(resolve(part), value, pointer, parts, findings);
  if (part.json->contains("allOf")) {
    const Part all = part.at("allOf");
    for (std::size_t i = 0; i < all.json->size(); ++i) {
      flatten(all.at(i), value, pointer, parts, findings);
    }
  }
  if (part.json->contains("if")) {
    Findings trial;
    check(part.at("if"), value, pointer, Strangers::kAllowed, trial);
    const char* branch = trial.problems.empty() ? "then" : "else";
    if (part.json->contains(branch)) flatten(part.at(branch), value, pointer, parts, findings);
  }
  for (const char* keyword : {"anyOf", "oneOf"}) {
    if (!part.json->contains(keyword)) continue;
    const Part alternatives = part.at(keyword);
    std::string reasons;
    bool found = false;
    for (std::size_t i = 0; i < alternatives.json->size() && !found; ++i) {
      Findings trial;
      check(alternatives.at(i), value, pointer, Strangers::kAllowed, trial);
      found = trial.problems.empty();
      if (found) flatten(alternatives.at(i), value, pointer, parts, findings);
      reasons += trial.problems;
    }
    if (!found) findings.problems += pointer + ": fits no alternative:\n" + reasons;
  }
}

void SchemaCheck::check(const Part& part, const Json& value, const std::string& pointer,
                        Strangers strangers, Findings& findings) {
  std::vector<Part> parts;
  flatten(part, value, pointer, parts, findings);
  for (const Part& each : parts) {
    for (const auto& [keyword, argument] : each.json->items()) {
      if (!is_structure(keyword) && !satisfies(value, keyword, argument)) {
        findings.problems += pointer + ": not " + keyword + " " + argument.dump() + "\n";
      }
    }
    if (value.is_array() && each.json->contains("items")) {
      for (std::size_t i = 0; i < value.size(); ++i) {
        check(each.at("items"), value[i], pointer + "/" + std::to_string(i), Strangers::kRefused,
              findings);
      }
    }
  }
  if (value.is_object()) check_members(parts, value, pointer, strangers, findings);
}

void SchemaCheck::check_members(const std::vector<Part>& parts, const Json& value,
                                const std::string& pointer, Strangers strangers,
                                Findings& findings) {
  for (const auto& [name, member] : value.items()) {
    const std::string here = pointer + "/" + name;
    bool described = false;
    for (const Part& each : parts) {
      const Json& json = *each.json;
      if (json.contains("properties") && json["properties"].contains(name)) {
        const Part property = each.at("properties").at(name);
        findings.seen.insert(property.file + "#" + property.pointer);
        check(property, member, here, Strangers::kRefused, findings);
        described = true;
      } else if (json.contains("additionalProperties") &&
                 json["additionalProperties"].is_object()) {
        check(each.at("additionalProperties"), member, here, Strangers::kRefused, findings);
        described = true;
      }
    }
    if (!described && strangers == Strangers::kRefused) {
      findings.problems += here + ": not described\n";
    }
  }
}

std::string SchemaCheck::problems(std::string_view document) {
  Findings findings;
  check({root_, "", &file(root_)}, Json::parse(document), "", Strangers::kRefused, findings);
  seen_.merge(findings.seen);
  return findings.problems;
}

std::vector<std::string> SchemaCheck::unseen() const {
  std::vector<std::string> out;
  collect_properties(files_.at(root_), "", out);
  std::erase_if(out,
                [&](const std::string& pointer) { return seen_.count(root_ + "#" + pointer) > 0; });
  return out;
}

}  // namespace sextant::testing
