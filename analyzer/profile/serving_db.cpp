#include "analyzer/profile/serving_db.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

namespace {

std::string time_of(const ServingDocument& document) {
  const auto found = document.provenance.find("time");
  return found == document.provenance.end() ? "" : found->second;
}

bool same(ServingDocument a, ServingDocument b) {
  a.source = b.source = "";
  return serving_json(a) == serving_json(b);
}

}  // namespace

MergeOutcome merge_serving(ServingDatabase& database, ServingDocument document,
                           MergePolicy policy) {
  const auto [place, added] = database.profiles.try_emplace(document.key);
  ServingDocument& known = place->second;
  if (added) {
    known = std::move(document);
    return MergeOutcome::kAdded;
  }
  if (same(known, document)) return MergeOutcome::kUnchanged;
  const bool known_is_ok = known.status == PointStatus::kOk;
  const bool new_is_ok = document.status == PointStatus::kOk;
  if (known_is_ok && !new_is_ok) return MergeOutcome::kKeptMeasurement;
  const std::string before = time_of(known);
  const std::string after = time_of(document);
  if (known_is_ok) {
    if (policy == MergePolicy::kError || before == after) {
      throw_bad_input(fmt::format("{}: serving measured twice: {} (time {}) and {} (time {}); {}",
                                  document.key.text(), quote(known.source, 200), quote(before),
                                  quote(document.source, 200), quote(after),
                                  before == after ? "expected different provenance times"
                                                  : "choose the newer with --merge=newest"));
    }
    if (after < before) return MergeOutcome::kKeptMeasurement;
  } else if (!new_is_ok && after < before) {
    return MergeOutcome::kUnchanged;
  }
  known = std::move(document);
  return MergeOutcome::kReplaced;
}

std::filesystem::path serving_database_path(const std::filesystem::path& db_dir,
                                            const std::string& model, const std::string& gpu) {
  return database_path(db_dir, model, gpu).replace_filename("serving.json");
}

std::string serving_database_text(const ServingDatabase& database) {
  OrderedJson out = {{"schema", schema_id("serving_db")},
                     {"model", database.model},
                     {"gpu", database.gpu},
                     {"profiles", OrderedJson::array()}};
  for (const auto& [key, document] : database.profiles) {
    out["profiles"].push_back(serving_json(document));
  }
  return json_text(out);
}

ServingDatabase read_serving_database(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root_of_kind("serving_db", 1);
  const bool lenient = has_newer_minor(root);
  if (!lenient) root.only({"schema", "model", "gpu", "profiles"});
  ServingDatabase database;
  database.model = root.at("model").name();
  database.gpu = root.at("gpu").name();
  if (root.at("profiles").size() == 0) root.at("profiles").fail("at least one profile");
  for (const JsonNode& node : root.at("profiles").elements()) {
    ServingDocument profile = read_serving(node, lenient);
    if (profile.key.model != database.model || profile.key.gpu != database.gpu) {
      node.at("key").fail(
          fmt::format("profiles of {} on {}", quote(database.model), quote(database.gpu)),
          profile.key.text());
    }
    const ServingKey key = profile.key;
    if (!database.profiles.emplace(key, std::move(profile)).second) {
      node.at("key").fail("one profile for each key", "a second one: " + key.text());
    }
  }
  return database;
}

}  // namespace sextant
