#include <cstdio>
#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/export/exporters.h"
#include "cli/profile_parts.h"

namespace sextant::cli {

namespace {

struct Arguments {
  ProfileSelection selection;
  std::string to;
  std::string directory;
  std::string variant;
  ExportOptions options;
};

std::string formats_text() {
  std::string text = "Formats, what each writes below the directory, and what it needs:\n";
  for (const Exporter& exporter : exporters()) {
    text += fmt::format("  {:<10} {}\n             needs {}\n", exporter.name, exporter.files,
                        exporter.needs);
  }
  return text +
         "No format has a place for the evidence: sextant-export/*.json says what was written of "
         "what.\n"
         "Exit 3 where the profile lacks what the format holds: every missing part is named, and "
         "nothing is written.";
}

int run(const Arguments& arguments, const Session& session) {
  const Exporter& exporter = exporter_named(arguments.to);
  std::vector<std::string> notes;
  std::vector<ExportInput> inputs;
  for (const ProfileDatabase& database : select_profiles(arguments.selection, session, notes)) {
    inputs.emplace_back(database.points_of(chosen_variant(database, arguments.variant)),
                        arguments.options);
  }
  ExportReport report = export_profiles(exporter, inputs, arguments.directory);
  report.notes.insert(report.notes.begin(), notes.begin(), notes.end());
  if (session.json) {
    OrderedJson out = exported_json(exporter, inputs, report.evidence, report.notes);
    out["files"] = OrderedJson::array();
    for (const auto& file : report.files) out["files"].push_back(file.string());
    print(json_text(out));
    return 0;
  }
  // The written files have no place for these.
  for (const std::string& note : report.notes) {
    fmt::print(stderr, "note: {}\n", note);
  }
  std::string text;
  for (const auto& file : report.files) text += fmt::format("wrote {}\n", file.string());
  print(text);
  return 0;
}

}  // namespace

void add_profile_export(CLI::App& profile, Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = profile.add_subcommand("export", "Write profiles in another tool's format");
  command->footer(formats_text());
  add_profile_selection(*command, {arguments, &arguments->selection});
  command->add_option("--to", arguments->to, "Format")->required();
  command->add_option("--variant", arguments->variant, "Which variant, where there are several");
  command
      ->add_option("--gpus-per-node", arguments->options.gpus_per_node,
                   "GPUs of a machine, for the formats that ask (flashflex, galvatron)")
      ->check(CLI::Range(1, 4096));
  command
      ->add_option("--overlap-coefficient", arguments->options.overlap_coefficient,
                   "How much slower backward runs beside communication (galvatron)")
      ->check(CLI::Range(1.0, 100.0));
  command->add_option("-o,--output", arguments->directory, "Directory, as a checkout has it")
      ->required();
  add_common_options(*command, session);
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
