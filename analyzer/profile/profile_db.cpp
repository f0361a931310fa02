#include "analyzer/profile/profile_db.h"

#include <algorithm>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/profile/profile_grid.h"

namespace sextant {

namespace {

/// Points that lie in one grid of tensor degrees and microbatches.
std::pair<std::string, int> grid_of(const ProfileKey& key) {
  return {key.variant, key.seq_len};
}

}  // namespace

std::vector<ProfileKey> ProfileDatabase::gaps() const {
  std::map<std::pair<std::string, int>, std::pair<std::set<int>, std::set<int>>> grids;
  for (const auto& [key, entry] : points) {
    auto& [degrees, microbatches] = grids[grid_of(key)];
    degrees.insert(key.tp);
    microbatches.insert(key.microbatch);
  }
  std::vector<ProfileKey> out;
  for (const auto& [grid, axes] : grids) {
    const auto like =
        std::find_if(points.begin(), points.end(),
                     // Named again: clang before 16 captures no structured binding.
                     [&grid = grid](const auto& entry) { return grid_of(entry.first) == grid; });
    for (const int tp : axes.first) {
      for (const int microbatch : axes.second) {
        ProfileKey key = like->first;
        key.tp = tp;
        key.microbatch = microbatch;
        if (points.count(key) == 0) out.push_back(std::move(key));
      }
    }
  }
  return out;
}

std::vector<std::string> ProfileDatabase::describe_gaps() const {
  std::map<std::pair<std::string, int>, std::vector<PointKey>> by_grid;
  for (const ProfileKey& key : gaps()) {
    by_grid[grid_of(key)].push_back({key.gpu, key.tp, key.microbatch});
  }
  std::vector<std::string> out;
  for (const auto& [grid, holes] : by_grid) {
    out.push_back(fmt::format("{}: {}", grid.first, describe_holes(holes)));
  }
  return out;
}

std::vector<const PointDocument*> ProfileDatabase::failures() const {
  std::vector<const PointDocument*> out;
  for (const auto& [key, entry] : points) {
    if (entry.point.status != PointStatus::kOk) out.push_back(&entry.point);
  }
  return out;
}

std::vector<std::string> ProfileDatabase::variants() const {
  std::map<std::string, std::set<int>> lengths;
  for (const auto& [key, entry] : points) lengths[key.variant].insert(key.seq_len);
  std::vector<std::string> out;
  for (const auto& [variant, of_variant] : lengths) {
    for (const int length : of_variant) {
      out.push_back(of_variant.size() == 1 ? variant : fmt::format("{}@{}", variant, length));
    }
  }
  return out;
}

std::vector<PointDocument> ProfileDatabase::points_of(const std::string& variant) const {
  const std::vector<std::string> known = variants();
  std::vector<PointDocument> out;
  if (std::find(known.begin(), known.end(), variant) != known.end()) {
    for (const auto& [key, entry] : points) {
      const bool named =
          key.variant == variant || fmt::format("{}@{}", key.variant, key.seq_len) == variant;
      if (named && entry.point.status == PointStatus::kOk) out.push_back(entry.point);
    }
  }
  if (out.empty()) {
    throw_bad_input(fmt::format(
        "{} on {}: no measured point of variant {}; there are {}", quote(model), quote(gpu),
        quote(variant), known.empty() ? "none" : fmt::format("{}", fmt::join(known, ", "))));
  }
  return out;
}

std::filesystem::path database_path(const std::filesystem::path& db_dir, const std::string& model,
                                    const std::string& gpu) {
  return db_dir / safe_file_name(model) / safe_file_name(gpu) / "profile.json";
}

std::string database_text(const ProfileDatabase& database) {
  OrderedJson out = {{"schema", schema_id("profile_db")},
                     {"model", database.model},
                     {"gpu", database.gpu},
                     {"points", OrderedJson::array()},
                     {"gaps", OrderedJson::array()},
                     {"failures", OrderedJson::array()}};
  for (const auto& [key, entry] : database.points) {
    OrderedJson point = point_json(entry.point);
    for (const PointDocument& other : entry.superseded) {
      point["superseded"].push_back(point_json(other));
    }
    out["points"].push_back(std::move(point));
  }
  const auto place = [](const ProfileKey& key) {
    return OrderedJson{{"variant", key.variant},
                       {"seq_len", key.seq_len},
                       {"tp", key.tp},
                       {"microbatch", key.microbatch}};
  };
  for (const ProfileKey& key : database.gaps()) out["gaps"].push_back(place(key));
  for (const PointDocument* point : database.failures()) {
    OrderedJson failure = place(point->key);
    failure["status"] = to_string(point->status);
    failure["reason"] = point->reason;
    out["failures"].push_back(std::move(failure));
  }
  return json_text(out);
}

ProfileDatabase read_database(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return database_from(document.root_of_kind("profile_db", 1));
}

ProfileDatabase database_from(const JsonNode& root) {
  const bool lenient = has_newer_minor(root);
  // "gaps" and "failures" follow from the points; they are there for readers of the file.
  if (!lenient) root.only({"schema", "model", "gpu", "points", "gaps", "failures"});
  ProfileDatabase database;
  database.model = root.at("model").name();
  database.gpu = root.at("gpu").name();
  const JsonNode points = root.at("points");
  if (points.size() == 0) points.fail("at least one point, measured or failed");
  for (const JsonNode& node : points.elements()) {
    DatabasePoint entry;
    entry.point = read_database_point(node, lenient);
    if (entry.point.key.model != database.model || entry.point.key.gpu != database.gpu) {
      node.at("key").fail(
          fmt::format("points of {} on {}", quote(database.model), quote(database.gpu)),
          entry.point.key.text());
    }
    if (const auto others = node.find("superseded")) {
      for (const JsonNode& other : others->elements()) {
        entry.superseded.push_back(read_point(other, lenient));
        if (entry.superseded.back().key != entry.point.key) {
          other.at("key").fail("the key of the point that supersedes it");
        }
      }
    }
    const ProfileKey key = entry.point.key;
    if (!database.points.emplace(key, std::move(entry)).second) {
      node.at("key").fail("one point for each key", "a second one: " + key.text());
    }
  }
  return database;
}

std::vector<std::string> database_gpus(const std::filesystem::path& db_dir,
                                       const std::string& model) {
  std::vector<std::string> out;
  const std::filesystem::path folder = db_dir / safe_file_name(model);
  std::error_code failure;
  for (const auto& entry : std::filesystem::directory_iterator(folder, failure)) {
    const std::filesystem::path file = entry.path() / "profile.json";
    if (std::filesystem::is_regular_file(file)) out.push_back(read_database(file).gpu);
  }
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace sextant
