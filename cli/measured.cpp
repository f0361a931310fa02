#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/measured/measured_run.h"
#include "analyzer/measured/suspicion.h"
#include "cli/commands.h"

namespace sextant::cli {

namespace {

using Align = Table::Align;

struct Arguments {
  std::string directory;
  std::string output;
};

/// Where the runs of a set are to go: what else lay there would be taken for part of it.
void check_output(const std::filesystem::path& output) {
  std::error_code ignored;
  if (std::filesystem::exists(output, ignored) &&
      !(std::filesystem::is_directory(output, ignored) &&
        std::filesystem::is_empty(output, ignored))) {
    throw_bad_input(output.string() + ": expected a new or empty directory");
  }
}

OrderedJson row_of(const MeasuredRun& run, const std::string& written) {
  OrderedJson row = {{"name", run.name},
                     {"evidence", to_string(run.evidence)},
                     {"model", run.model},
                     {"gpus", gpu_count(run.plan)},
                     {"iteration_s", run.iteration.median_s}};
  if (const auto bytes = run.largest_process_bytes()) row["process_bytes"] = bytes_json(*bytes);
  if (!run.incomplete.empty()) row["incomplete"] = run.incomplete;
  if (!run.suspicion.empty()) row["suspicion"] = run.suspicion;
  row["source"] = run.source;
  if (!written.empty()) row["written"] = written;
  return row;
}

std::string table_of(const std::vector<MeasuredRun>& runs) {
  Table table({{"run", Align::kLeft},
               {"evidence", Align::kLeft},
               {"model", Align::kLeft},
               {"GPUs"},
               {"iteration"},
               {"memory"},
               {"plan", Align::kLeft}});
  std::string remarks;
  for (const MeasuredRun& run : runs) {
    const auto bytes = run.largest_process_bytes();
    table.add_row({run.name, std::string(to_string(run.evidence)), run.model,
                   std::to_string(gpu_count(run.plan)), format_seconds(run.iteration.median_s),
                   bytes ? format_bytes(*bytes) : "-", summary(run.plan)});
    if (!run.suspicion.empty()) remarks += fmt::format("? {}: {}\n", run.name, run.suspicion);
    if (!run.incomplete.empty()) {
      remarks += fmt::format("- {} ended early: {}\n", run.name, run.incomplete);
    }
  }
  return table.text() + (remarks.empty() ? "" : "\n" + remarks);
}

int run(const Arguments& arguments, const Session& session) {
  if (!arguments.output.empty()) check_output(arguments.output);
  std::vector<MeasuredRun> runs = read_measured_directory(arguments.directory);
  mark_suspicions(runs);
  OrderedJson rows = OrderedJson::array();
  for (const MeasuredRun& one : runs) {
    std::string written;
    if (!arguments.output.empty()) {
      const std::filesystem::path folder = arguments.output;
      written = (folder / (safe_file_name(one.name) + ".json")).string();
      write_file_atomically(written, json_text(measured_json(one)));
    }
    rows.push_back(row_of(one, written));
  }
  print(session.json ? json_text({{"schema", schema_id("measured_set")}, {"runs", std::move(rows)}})
                     : table_of(runs));
  return 0;
}

}  // namespace

void add_measured_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("measured", "Show the measured runs of a directory, or gather them");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command->add_option("directory", arguments->directory, "Results with measured documents")
      ->required()
      ->type_name("DIR");
  command
      ->add_option("-o,--output", arguments->output,
                   "Also write them into this new directory: a validation set")
      ->type_name("DIR");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return run(*arguments, session); };
  });
}

}  // namespace sextant::cli
