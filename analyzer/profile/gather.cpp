#include "analyzer/profile/gather.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/profile/profile_check.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/profile/sailor_points.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

/// "OPT" in the name of an artifact's file stands for OPT-350 and OPT-30.
bool stands_for(const std::string& id, const std::string& model) {
  return id == model || id == safe_file_name(model) || model.starts_with(id + "-");
}

bool is_serving_file(const fs::path& file) {
  const std::string name = file.filename().string();
  return name.starts_with("serving_profile_") && name.ends_with(".json");
}

void refuse_implausible(const PointDocument& point, double peak_flops) {
  for (const Finding& finding : check_point(point, peak_flops)) {
    if (finding.severity == Finding::Severity::kError) {
      throw_bad_input(fmt::format("{}: {}: {}", point.source, finding.place, finding.text));
    }
  }
}

std::vector<PointDocument> read_point_files(const GatherOptions& options, GatherReport& report) {
  const std::string& alias = options.gpu_in_files.empty() ? options.gpu : options.gpu_in_files;
  std::vector<PointDocument> points;
  for (const fs::path& file : files_below(options.profile_dir)) {
    if (is_serving_file(file)) continue;
    auto name = point_file_name_parts(file.filename().string(), options.gpu);
    if (!name) name = point_file_name_parts(file.filename().string(), alias);
    if (!name || !stands_for(name->id, options.model)) {
      ++report.skipped;
      continue;
    }
    try {
      const JsonDocument document = JsonDocument::read(file);
      PointDocument point = document.root().has("schema")
                                ? read_point_document(document)
                                : read_sailor_point(document, *name, options.model, options.gpu);
      if (point.key.gpu == alias) point.key.gpu = options.gpu;
      if (point.key.model != options.model || point.key.gpu != options.gpu) {
        ++report.skipped;
        continue;
      }
      refuse_implausible(point, options.peak_flops);
      points.push_back(std::move(point));
    } catch (const Error& error) {
      report.refused.push_back({file.string(), error.what()});
    }
  }
  return points;
}

std::vector<ServingDocument> read_serving_files(const GatherOptions& options,
                                                GatherReport& report) {
  const std::string& alias = options.gpu_in_files.empty() ? options.gpu : options.gpu_in_files;
  std::vector<ServingDocument> out;
  for (const fs::path& file : files_below(options.profile_dir)) {
    if (!is_serving_file(file)) continue;
    try {
      ServingDocument document = read_serving_document(JsonDocument::read(file));
      if (document.key.gpu == alias) document.key.gpu = options.gpu;
      if (document.key.model != options.model || document.key.gpu != options.gpu) {
        ++report.skipped;
      } else {
        out.push_back(std::move(document));
      }
    } catch (const Error& error) {
      report.refused.push_back({file.string(), error.what()});
    }
  }
  return out;
}

/// The planner's and the simulator's table; a model or GPU type need not be in both.
std::vector<PointDocument> read_artifact(const GatherOptions& options, GatherReport& report) {
  std::vector<PointDocument> points;
  for (const auto reader : {read_sailor_planner_profile, read_sailor_simulator_profile}) {
    try {
      const ModelProfile profile = reader(options.profile_dir, options.model, {options.gpu});
      report.notes.insert(report.notes.end(), profile.notes.begin(), profile.notes.end());
      for (PointDocument& point : sailor_point_documents(profile)) {
        points.push_back(std::move(point));
      }
    } catch (const Error& error) {
      report.refused.push_back({options.profile_dir.string(), error.what()});
    }
  }
  return points;
}

/// Files that a killed writer left. Whoever holds the lock is the only writer there is.
void remove_abandoned_files(const fs::path& folder) {
  std::error_code ignored;
  for (const auto& entry : fs::directory_iterator(folder, ignored)) {
    if (entry.path().filename().string().starts_with(".sextant-")) {
      fs::remove(entry.path(), ignored);
    }
  }
}

/// Points of one variant must agree in what an estimator takes them to share.
void check_variants(const ProfileDatabase& database) {
  std::map<std::pair<std::string, int>, std::vector<PointDocument>> measured;
  for (const auto& [key, entry] : database.points) {
    if (entry.point.status != PointStatus::kOk) continue;
    measured[{key.variant, key.seq_len}].push_back(entry.point);
  }
  for (const auto& [variant, points] : measured) model_profile_of(points);
}

bool is_failure(PointStatus status) {
  return status == PointStatus::kError || status == PointStatus::kTimeout;
}

/// Reads `database` from the file, where there is one, and returns the file's text. It is of the
/// model and GPU type that the options name.
template <typename Database>
std::string open_database(const fs::path& file, const GatherOptions& options,
                          Database (*read)(const fs::path&), Database& database) {
  std::string text;
  if (fs::exists(file)) {
    database = read(file);
    text = read_file(file);
    if (database.model != options.model || database.gpu != options.gpu) {
      throw_bad_input(fmt::format("{}: expected the database of {} on {}, found that of {} on {}",
                                  file.string(), quote(options.model), quote(options.gpu),
                                  quote(database.model), quote(database.gpu)));
    }
  }
  database.model = options.model;
  database.gpu = options.gpu;
  return text;
}

std::string refusals(const std::vector<GatherReport::Refused>& refused) {
  std::string out;
  for (const auto& [file, reason] : refused) out += "\n  " + reason;
  return out;
}

}  // namespace

std::vector<fs::path> files_below(const fs::path& folder) {
  std::error_code failure;
  std::vector<fs::path> out;
  for (auto it = fs::recursive_directory_iterator(folder, failure);
       !failure && it != fs::recursive_directory_iterator(); it.increment(failure)) {
    std::error_code ignored;
    if (it->is_regular_file(ignored)) out.push_back(it->path());
  }
  if (failure) {
    throw_bad_input(
        fmt::format("{}: expected a directory of point files, but it cannot be read: {}",
                    folder.string(), failure.message()));
  }
  std::sort(out.begin(), out.end());
  return out;
}

std::vector<std::string> GatherReport::variants() const {
  std::set<std::string> out;
  for (const Merged& point : merged) out.insert(point.key.variant);
  return {out.begin(), out.end()};
}

GatherReport gather(const GatherOptions& options) {
  GatherReport report;
  const bool is_artifact = fs::exists(SailorPaths(options.profile_dir).llm_info);
  std::vector<PointDocument> points =
      is_artifact ? read_artifact(options, report) : read_point_files(options, report);
  std::vector<ServingDocument> serving;
  if (!is_artifact) serving = read_serving_files(options, report);
  const bool found_none = points.empty() && serving.empty();
  if (found_none && !report.refused.empty()) {
    throw_bad_input(fmt::format("no usable point of {} on {} in {}:{}", quote(options.model),
                                quote(options.gpu), options.profile_dir.string(),
                                refusals(report.refused)));
  }
  if (found_none) {
    throw_bad_input(fmt::format(
        "{}: expected files profile_<model>_<gpu>_<tp>_<mbs>.json of {} on {}, found none ({} "
        "other files)",
        options.profile_dir.string(), quote(options.model), quote(options.gpu), report.skipped));
  }

  return enter_points(options, std::move(points), std::move(serving), std::move(report));
}

GatherReport enter_points(const GatherOptions& options, std::vector<PointDocument> points,
                          std::vector<ServingDocument> serving, GatherReport report) {
  report.file = database_path(options.db_dir, options.model, options.gpu);
  report.serving_file = serving_database_path(options.db_dir, options.model, options.gpu);
  const FileLock lock(report.file.parent_path() / ".lock");
  remove_abandoned_files(report.file.parent_path());
  const std::string before = open_database(report.file, options, read_database, report.database);
  const std::string serving_before =
      open_database(report.serving_file, options, read_serving_database, report.serving);
  // Everything is merged before anything is written: a conflict leaves both as they were.
  for (PointDocument& point : points) {
    if (is_failure(point.status)) report.failed.push_back(point.key);
    GatherReport::Merged merged{point.key, point.source, MergeOutcome::kAdded};
    merged.outcome = merge_point(report.database, std::move(point), options.merge);
    report.merged.push_back(std::move(merged));
  }
  for (ServingDocument& document : serving) {
    if (is_failure(document.status)) report.failed_serving.push_back(document.key);
    GatherReport::MergedServing merged{document.key, document.source, MergeOutcome::kAdded};
    merged.outcome = merge_serving(report.serving, std::move(document), options.merge);
    report.merged_serving.push_back(std::move(merged));
  }
  check_variants(report.database);
  if (!report.database.points.empty()) {
    const std::string after = database_text(report.database);
    if (after != before) write_file_atomically(report.file, after);
  }
  if (!report.serving.profiles.empty()) {
    const std::string after = serving_database_text(report.serving);
    if (after != serving_before) write_file_atomically(report.serving_file, after);
  }
  return report;
}

}  // namespace sextant
