#include "analyzer/profile/export/exporters.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/profile/export/aceso_export.h"
#include "analyzer/profile/export/amp_export.h"
#include "analyzer/profile/export/flashflex_export.h"
#include "analyzer/profile/export/galvatron_export.h"
#include "analyzer/profile/export/metis_export.h"
#include "analyzer/profile/export/piper_export.h"
#include "analyzer/profile/export/sailor_export.h"
#include "analyzer/profile/export/varuna_export.h"

namespace sextant {

namespace {

/// What holds whatever the format.
std::vector<std::string> common_notes(const ExportInput& input) {
  std::vector<std::string> notes;
  const std::string of = fmt::format("{} on {}", quote(input.model()), quote(input.gpu()));
  if (input.evidence() == Evidence::kEstimated) {
    notes.push_back(fmt::format("{}: these times are estimated, not measured", of));
  }
  const auto unpriced = std::count_if(
      input.points().begin(), input.points().end(),
      [](const PointDocument& point) { return !point.collectives_are_timed && point.key.tp > 1; });
  if (unpriced > 0) {
    notes.push_back(fmt::format(
        "{}: {} points record their tensor-parallel collectives without timing them, and the "
        "format takes them to be inside the times",
        of, unpriced));
  }
  return notes;
}

/// Everything but the writing.
std::pair<ExportReport, ExportFiles> prepare(const Exporter& exporter,
                                             const std::vector<ExportInput>& inputs,
                                             const std::filesystem::path& directory) {
  ExportReport report;
  ExportFiles files(directory);
  for (const ExportInput& input : inputs) {
    std::vector<std::string> notes = common_notes(input);
    exporter.put(input, files, notes);
    const Evidence evidence = exporter.from_data_sheets ? Evidence::kEstimated : input.evidence();
    const std::filesystem::path about =
        fmt::format("sextant-export/{}_{}_{}.json", exporter.name, safe_file_name(input.model()),
                    safe_file_name(input.gpu()));
    files.put(about, json_text(exported_json(exporter, {input}, evidence, notes)));
    report.evidence = weaker(report.evidence, evidence);
    for (std::string& note : notes) {
      const bool known =
          std::find(report.notes.begin(), report.notes.end(), note) != report.notes.end();
      if (!known) report.notes.push_back(std::move(note));
    }
  }
  return {std::move(report), std::move(files)};
}

}  // namespace

const std::vector<Exporter>& exporters() {
  static const std::vector<Exporter> all = {
      aceso_exporter(), amp_exporter(),   flashflex_exporter(), galvatron_exporter(),
      metis_exporter(), piper_exporter(), sailor_exporter(),    varuna_exporter()};
  return all;
}

const Exporter& exporter_named(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Exporter& exporter : exporters()) {
    if (exporter.name == name) return exporter;
    names.push_back(exporter.name);
  }
  throw_usage(fmt::format("expected a format ({}), found {}", fmt::join(names, ", "), quote(name)));
}

OrderedJson exported_json(const Exporter& exporter, const std::vector<ExportInput>& inputs,
                          Evidence evidence, const std::vector<std::string>& notes) {
  OrderedJson out = {{"schema", schema_id("exported")},
                     {"to", exporter.name},
                     {"evidence", to_string(evidence)},
                     {"profiles", OrderedJson::array()},
                     {"notes", notes}};
  for (const ExportInput& input : inputs) {
    OrderedJson row = {{"model", input.model()},
                       {"gpu", input.gpu()},
                       {"variant", input.key().variant},
                       {"seq_len", input.key().seq_len},
                       {"points", OrderedJson::array()}};
    for (const PointDocument& point : input.points()) {
      row["points"].push_back({{"tp", point.key.tp},
                               {"microbatch", point.key.microbatch},
                               {"evidence", to_string(point.evidence)},
                               {"time", point.time()},
                               {"source", point.source}});
    }
    out["profiles"].push_back(std::move(row));
  }
  return out;
}

ExportReport export_profiles(const Exporter& exporter, const std::vector<ExportInput>& inputs,
                             const std::filesystem::path& directory) {
  // What cannot be expressed must not even leave an empty directory and its lock behind.
  prepare(exporter, inputs, directory);
  const FileLock lock(export_lock(directory));
  auto [report, files] = prepare(exporter, inputs, directory);
  report.files = files.write();
  return report;
}

}  // namespace sextant
