#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/table.h"
#include "cli/commands.h"
#include "cli/doctor_checks.h"

namespace sextant::cli {

namespace {

std::string json_report(const Diagnosis& diagnosis) {
  OrderedJson document;
  document["schema"] = schema_id("doctor");
  document["version"] = SEXTANT_VERSION;
  document["tasks"] = OrderedJson::array();
  for (const Task& task : diagnosis.tasks) {
    document["tasks"].push_back(
        {{"task", task.name}, {"ready", task.ready == Presence::kPresent}, {"lacks", task.lacks}});
  }
  document["checks"] = OrderedJson::array();
  for (const Check& check : diagnosis.checks) {
    OrderedJson row = {
        {"name", check.name}, {"status", to_string(check.presence)}, {"found", check.found}};
    if (!check.remedy.empty()) row["remedy"] = check.remedy;
    document["checks"].push_back(std::move(row));
  }
  return json_text(document);
}

std::string text_report(const Diagnosis& diagnosis) {
  Table tasks({{"This machine can", Table::Align::kLeft}, {"", Table::Align::kLeft}});
  for (const Task& task : diagnosis.tasks) {
    const char* answer = task.ready == Presence::kPresent   ? "yes"
                         : task.ready == Presence::kMissing ? "no"
                                                            : "unknown";
    tasks.add_row({task.name, task.lacks.empty()
                                  ? answer
                                  : fmt::format("{}: {}", answer, fmt::join(task.lacks, ", "))});
  }
  Table checks({{"Looked for", Table::Align::kLeft},
                {"", Table::Align::kLeft},
                {"Found", Table::Align::kLeft}});
  std::string remedies;
  for (const Check& check : diagnosis.checks) {
    checks.add_row({check.name, std::string(to_string(check.presence)), check.found});
    if (!check.remedy.empty()) remedies += fmt::format("  {:<13} {}\n", check.name, check.remedy);
  }
  std::string text = tasks.text() + "\n" + checks.text();
  if (!remedies.empty()) text += "\nTo add what is missing:\n" + remedies;
  return text;
}

}  // namespace

void add_doctor_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("doctor", "Say what this machine can run, and what is missing");
  command->add_flag("--json", session.json, "Print one JSON document");
  command->callback([&session] {
    session.action = [&session] {
      const Diagnosis diagnosis = examine_machine();
      print(session.json ? json_report(diagnosis) : text_report(diagnosis));
      return 0;
    };
  });
}

}  // namespace sextant::cli
