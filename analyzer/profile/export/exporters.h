#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/profile/export/export_input.h"

namespace sextant {

/// A format of another planner that profiles can be written in.
struct Exporter {
  std::string_view name;   ///< "amp", as --to takes it
  std::string_view files;  ///< what it writes, below the output directory
  std::string_view needs;  ///< of the profile
  /// Puts the files of one model and GPU type. Sentences that the user must know (what the format
  /// has no place for, what was assumed) go to `notes`. Throws Error(kBadInput) naming every part
  /// that the profile lacks.
  void (*put)(const ExportInput& input, ExportFiles& files, std::vector<std::string>& notes);
  /// Whether figures come from data sheets, so that the result is an estimate whatever was
  /// measured.
  bool from_data_sheets = false;
};

/// All of them, by name.
const std::vector<Exporter>& exporters();
/// Throws Error(kUsage) naming the formats there are.
const Exporter& exporter_named(std::string_view name);

struct ExportReport {
  std::vector<std::filesystem::path> files;  ///< as written
  std::vector<std::string> notes;
  Evidence evidence = Evidence::kMeasuredGpu;  ///< the weakest of what was written
};

/// Writes every input below `directory`, all or nothing, and a document `exported` for each into
/// `sextant-export/<format>_<model>_<gpu>.json`, since no foreign format has a place for the
/// evidence. Throws as Exporter::put does.
ExportReport export_profiles(const Exporter& exporter, const std::vector<ExportInput>& inputs,
                             const std::filesystem::path& directory);

/// Document kind `exported`, without "files": format, evidence, what was exported, and notes.
OrderedJson exported_json(const Exporter& exporter, const std::vector<ExportInput>& inputs,
                          Evidence evidence, const std::vector<std::string>& notes);

}  // namespace sextant
