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

/// Regular files below `folder`, sorted, so that every run reads in one order. Links to directories
/// are not followed.
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

/// "OPT" in the name of an artifact's file stands for OPT-350 and OPT-30.
bool stands_for(const std::string& id, const std::string& model) {
  return id == model || id == safe_file_name(model) || model.starts_with(id + "-");
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

std::string refusals(const std::vector<GatherReport::Refused>& refused) {
  std::string out;
  for (const auto& [file, reason] : refused) out += "\n  " + reason;
  return out;
}

}  // namespace

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
  if (points.empty() && !report.refused.empty()) {
    throw_bad_input(fmt::format("no usable point of {} on {} in {}:{}", quote(options.model),
                                quote(options.gpu), options.profile_dir.string(),
                                refusals(report.refused)));
  }
  if (points.empty()) {
    throw_bad_input(fmt::format(
        "{}: expected files profile_<model>_<gpu>_<tp>_<mbs>.json of {} on {}, found none ({} "
        "other "
        "files)",
        options.profile_dir.string(), quote(options.model), quote(options.gpu), report.skipped));
  }

  return enter_points(options, std::move(points), std::move(report));
}

GatherReport enter_points(const GatherOptions& options, std::vector<PointDocument> points,
                          GatherReport report) {
  report.file = database_path(options.db_dir, options.model, options.gpu);
  const FileLock lock(report.file.parent_path() / ".lock");
  remove_abandoned_files(report.file.parent_path());
  std::string before;
  if (fs::exists(report.file)) {
    report.database = read_database(report.file);
    before = read_file(report.file);
  }
  if (!before.empty() &&
      (report.database.model != options.model || report.database.gpu != options.gpu)) {
    throw_bad_input(fmt::format("{}: expected the database of {} on {}, found that of {} on {}",
                                report.file.string(), quote(options.model), quote(options.gpu),
                                quote(report.database.model), quote(report.database.gpu)));
  }
  report.database.model = options.model;
  report.database.gpu = options.gpu;
  for (PointDocument& point : points) {
    if (point.status == PointStatus::kError || point.status == PointStatus::kTimeout) {
      report.failed.push_back(point.key);
    }
    GatherReport::Merged merged{point.key, point.source, MergeOutcome::kAdded};
    merged.outcome = merge_point(report.database, std::move(point), options.merge);
    report.merged.push_back(std::move(merged));
  }
  check_variants(report.database);
  const std::string after = database_text(report.database);
  if (after != before) write_file_atomically(report.file, after);
  return report;
}

}  // namespace sextant
