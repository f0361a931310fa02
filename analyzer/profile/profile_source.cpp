#include "analyzer/profile/profile_source.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/profile/gather.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/profile/sailor_points.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(folder, failure)) out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

ProfileDatabase read_one(const fs::path& file) {
  const JsonDocument document = JsonDocument::read(file);
  if (document.kind() != "profile") return read_database(file);
  ProfileDatabase database;
  PointDocument point = read_point_document(document);
  database.model = point.key.model;
  database.gpu = point.key.gpu;
  merge_point(database, std::move(point), MergePolicy::kError);
  return database;
}

/// The databases that the point documents below a folder would make; other files are passed over.
std::vector<ProfileDatabase> databases_of_points(const fs::path& folder) {
  std::map<std::pair<std::string, std::string>, ProfileDatabase> databases;
  for (const fs::path& file : files_below(folder)) {
    const std::string name = file.filename().string();
    if (!name.starts_with("profile_") || !name.ends_with(".json")) continue;
    const JsonDocument document = JsonDocument::read(file);
    if (document.kind() != "profile") continue;
    PointDocument point = read_point_document(document);
    ProfileDatabase& database = databases[{point.key.model, point.key.gpu}];
    database.model = point.key.model;
    database.gpu = point.key.gpu;
    merge_point(database, std::move(point), MergePolicy::kError);
  }
  std::vector<ProfileDatabase> out;
  for (auto& [name, database] : databases) out.push_back(std::move(database));
  return out;
}

[[noreturn]] void fail_nothing(const fs::path& path, const std::string& model,
                               const std::string& gpu, const std::vector<std::string>& there) {
  throw_bad_input(fmt::format(
      "{}: expected a profile of {} on {}, found {}", path.string(),
      model.empty() ? "any model" : quote(model), gpu.empty() ? "any GPU type" : quote(gpu),
      there.empty()
          ? std::string(
                "none; gather_profs enters measured ones, `sextant profile estimate` others")
          : fmt::format("only {}", fmt::join(there, ", "))));
}

}  // namespace

std::vector<ProfileDatabase> read_databases(const fs::path& path, const std::string& model,
                                            const std::string& gpu) {
  std::vector<ProfileDatabase> out;
  std::vector<std::string> there;
  const auto take = [&](ProfileDatabase database) {
    there.push_back(fmt::format("{} on {}", quote(database.model), quote(database.gpu)));
    if ((model.empty() || database.model == model) && (gpu.empty() || database.gpu == gpu)) {
      out.push_back(std::move(database));
    }
  };
  if (!fs::exists(path)) throw_bad_input(path.string() + ": does not exist");
  if (!fs::is_directory(path)) {
    take(read_one(path));
  } else if (fs::is_regular_file(path / "profile.json")) {
    take(read_one(path / "profile.json"));
  } else {
    const std::vector<fs::path> models =
        model.empty() ? entries_of(path) : std::vector<fs::path>{path / safe_file_name(model)};
    for (const fs::path& of_model : models) {
      for (const fs::path& of_gpu : entries_of(of_model)) {
        if (fs::is_regular_file(of_gpu / "profile.json")) take(read_one(of_gpu / "profile.json"));
      }
    }
    // What profile_model leaves, before gather_profs.
    if (there.empty()) {
      for (ProfileDatabase& database : databases_of_points(path)) take(std::move(database));
    }
  }
  if (out.empty()) fail_nothing(path, model, gpu, there);
  return out;
}

std::vector<ProfileDatabase> sailor_databases(const fs::path& artifact_dir,
                                              const std::string& model, const std::string& gpu,
                                              std::vector<std::string>& notes) {
  std::map<std::pair<std::string, std::string>, ProfileDatabase> databases;
  for (const std::string& name : list_sailor_models(artifact_dir)) {
    if (!model.empty() && name != model) continue;
    for (const auto reader : {read_sailor_planner_profile, read_sailor_simulator_profile}) {
      const ModelProfile profile = reader(artifact_dir, name, {});
      for (const std::string& note : profile.notes) {
        if (gpu.empty() || note.find(gpu) != std::string::npos) notes.push_back(note);
      }
      for (PointDocument& point : sailor_point_documents(profile)) {
        const std::string of_gpu = point.key.gpu;
        if (!gpu.empty() && of_gpu != gpu) continue;
        ProfileDatabase& database = databases[{name, of_gpu}];
        database.model = name;
        database.gpu = of_gpu;
        merge_point(database, std::move(point), MergePolicy::kError);
      }
    }
  }
  std::vector<ProfileDatabase> out;
  for (auto& [name, database] : databases) out.push_back(std::move(database));
  if (out.empty()) fail_nothing(artifact_dir, model, gpu, list_sailor_models(artifact_dir));
  return out;
}

}  // namespace sextant
