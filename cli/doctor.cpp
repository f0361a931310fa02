#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/table.h"
#include "cli/commands.h"
#include "cli/doctor_checks.h"

namespace sextant::cli {

namespace {

std::string json_report(const Diagnosis& diagnosis, bool with_conditions) {
  OrderedJson document;
  document["schema"] = schema_id("doctor", 1, 1);
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
  if (!with_conditions) return json_text(document);
  document["conditions"] = OrderedJson::array();
  for (const Condition& condition : diagnosis.conditions) {
    OrderedJson row = {{"name", condition.name},
                       {"subject", condition.subject},
                       {"state", to_string(condition.state)},
                       {"found", condition.found}};
    if (!condition.reason.empty()) row["reason"] = condition.reason;
    if (!condition.remedy.empty()) row["remedy"] = condition.remedy;
    document["conditions"].push_back(std::move(row));
  }
  return json_text(document);
}

/// What would disturb a measurement, each with its reason and remedy; and what was looked at
/// besides.
std::string conditions_text(const std::vector<Condition>& conditions) {
  std::string disturbing;
  std::vector<std::string> quiet;
  std::vector<std::string> unknown;
  for (const Condition& condition : conditions) {
    const std::string name = fmt::format("{} ({})", condition.name, condition.subject);
    switch (condition.state) {
      case Condition::State::kQuiet:
        quiet.push_back(name);
        break;
      case Condition::State::kUnknown:
        unknown.push_back(name);
        break;
      case Condition::State::kDisturbing:
        disturbing += fmt::format("  {}: {}\n    why:    {}\n    remedy: {}\n", name,
                                  condition.found, condition.reason, condition.remedy);
        break;
    }
  }
  std::string text = disturbing.empty() ? "Nothing was found that would disturb a measurement.\n"
                                        : "Would disturb a measurement:\n" + disturbing;
  if (!quiet.empty()) text += fmt::format("As it should be: {}\n", fmt::join(quiet, ", "));
  if (!unknown.empty()) text += fmt::format("Cannot be told here: {}\n", fmt::join(unknown, ", "));
  return text;
}

std::string text_report(const Diagnosis& diagnosis, bool with_conditions) {
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
  std::vector<std::pair<std::string, std::string>> remedies;  // and what each would add
  for (const Check& check : diagnosis.checks) {
    checks.add_row({check.name, std::string(to_string(check.presence)), check.found});
    if (check.remedy.empty()) continue;
    const auto same = std::find_if(remedies.begin(), remedies.end(), [&](const auto& remedy) {
      return remedy.first == check.remedy;
    });
    if (same == remedies.end()) {
      remedies.emplace_back(check.remedy, check.name);
    } else {
      same->second += ", " + check.name;
    }
  }
  std::string text = tasks.text() + "\n" + checks.text();
  if (!remedies.empty()) text += "\nTo add what is missing:\n";
  for (const auto& [remedy, names] : remedies) {
    text += fmt::format("  {}:\n    {}\n", names, remedy);
  }
  return with_conditions ? text + "\n" + conditions_text(diagnosis.conditions) : text;
}

}  // namespace

void add_doctor_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "doctor",
      "Say what this machine can run, what is missing, and what would disturb a measurement");
  command->add_flag("--json", session.json, "Print one JSON document");
  command->add_flag_callback(
      "--no-timing", [&session] { session.timing = false; },
      "Leave out what would disturb a measurement, which may differ a moment later");
  command->callback([&session] {
    session.action = [&session] {
      const Diagnosis diagnosis = examine_machine();
      print(session.json ? json_report(diagnosis, session.timing)
                         : text_report(diagnosis, session.timing));
      return 0;
    };
  });
}

}  // namespace sextant::cli
