#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json.hpp>

namespace sextant::testing {

/// Holds documents against profiles/schema/<kind>.json, more strictly than JSON Schema does: a
/// member that the schema does not name is a problem even where additionalProperties would allow
/// it, so that nothing is printed that is not described. Knows the keywords that our schemas use; a
/// schema with another one is a problem too.
class SchemaCheck {
 public:
  /// Throws std::runtime_error where the kind has no schema or that is no JSON.
  explicit SchemaCheck(const std::string& kind);

  /// One line a problem, with the JSON pointer; empty where the document is as described.
  std::string problems(std::string_view document);

  /// Members that the schema names and that no document so far had, as pointers into the schema.
  std::vector<std::string> unseen() const;

 private:
  using Json = nlohmann::json;

  /// A schema within a file.
  struct Part {
    std::string file;
    std::string pointer;
    const Json* json;
    Part at(const std::string& key) const;
    Part at(std::size_t index) const;
  };
  struct Findings {
    std::string problems;
    std::set<std::string> seen;
  };
  enum class Strangers { kRefused, kAllowed };

  const Json& file(const std::string& name);
  Part resolve(const Part& from);
  void flatten(const Part& part, const Json& value, const std::string& pointer,
               std::vector<Part>& parts, Findings& findings);
  void check(const Part& part, const Json& value, const std::string& pointer, Strangers strangers,
             Findings& findings);
  void check_members(const std::vector<Part>& parts, const Json& value, const std::string& pointer,
                     Strangers strangers, Findings& findings);

  std::string root_;
  std::map<std::string, Json> files_;
  std::set<std::string> seen_;
};

}  // namespace sextant::testing
