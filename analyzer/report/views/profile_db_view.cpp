#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/profile/profile_check.h"
#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/step_peak.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/profile_roofline.h"
#include "analyzer/report/views/profile_tables.h"
#include "analyzer/report/views/provenance_facts.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

/// "in the times" or, where points differ, both.
template <typename Value>
std::string all_of(const ProfilePoints& points, Value value) {
  std::set<std::string> different;
  for (const PointDocument* point : points) different.insert(std::string(value(*point)));
  return fmt::format("{}", fmt::join(different, "; "));
}

Facts database_facts(const ProfileDatabase& database, const ProfilePoints& points) {
  std::size_t superseded = 0;
  for (const auto& [key, entry] : database.points) superseded += entry.superseded.size();
  Facts facts = {{"model", database.model},
                 {"GPU type", database.gpu},
                 {"variants", fmt::format("{}", fmt::join(database.variants(), ", "))},
                 {"points with times", fmt::format("{}", points.size())},
                 {"failed points", fmt::format("{}", database.failures().size())},
                 {"missing points", fmt::format("{}", database.gaps().size())}};
  if (superseded > 0) {
    facts.emplace_back("superseded measurements", fmt::format("{}", superseded));
  }
  if (points.empty()) return facts;
  facts.emplace_back("evidence",
                     all_of(points, [](const auto& point) { return to_string(point.evidence); }));
  facts.emplace_back("collectives among tensor ranks", all_of(points, [](const auto& point) {
                       return point.collectives_are_timed ? "in the times"
                                                          : "recorded, to be priced";
                     }));
  facts.emplace_back("update is of", all_of(points, [](const auto& point) {
                       return point.update_is_whole_step ? "the whole model" : "a layer";
                     }));
  facts.emplace_back("bytes", all_of(points, [](const auto& point) { return point.memory_basis; }));
  // Of the many members of provenance, those by which measurements of different days differ.
  for (const auto& [name, label] : {std::pair("host", "machine"),
                                    {"gpu_name", "device"},
                                    {"driver", "driver"},
                                    {"cuda", "CUDA"},
                                    {"git_revision", "revision of Sextant"}}) {
    const std::string text = all_of(points, [name = name](const auto& point) {
      const auto found = point.provenance.find(name);
      return found == point.provenance.end() ? std::string() : found->second;
    });
    if (!text.empty()) facts.emplace_back(label, text);
  }
  return facts;
}

void add_failures(const ProfileDatabase& database, HtmlSection& section) {
  const std::vector<std::string> gaps = database.describe_gaps();
  for (const std::string& gap : gaps) section.warning("Missing points: " + gap);
  HtmlTable table{"Points without times",
                  {{"variant"},
                   {"tokens", true},
                   {"tp", true},
                   {"microbatch", true},
                   {"status"},
                   {"largest that fits", true},
                   {"reason"}},
                  {}};
  for (const PointDocument* point : database.failures()) {
    table.rows.push_back(
        {{point->key.variant},
         integer_cell(point->key.seq_len),
         integer_cell(point->key.tp),
         integer_cell(point->key.microbatch),
         {std::string(to_string(point->status))},
         point->largest_microbatch ? integer_cell(*point->largest_microbatch) : no_cell(),
         {point->reason}});
  }
  if (!table.rows.empty()) section.table(table);
}

void add_findings(const std::vector<Finding>& findings, HtmlSection& section) {
  HtmlTable table{"What looks odd", {{"severity"}, {"place"}, {"finding"}}, {}};
  for (const Finding& finding : findings) {
    table.rows.push_back({{finding.severity == Finding::Severity::kError ? "error" : "warning"},
                          {finding.place},
                          {finding.text}});
  }
  if (!table.rows.empty()) section.table(table);
}

void add_points(const ProfilePoints& points, HtmlSection& section) {
  HtmlTable table{"Points",
                  {{"tp", true},
                   {"microbatch", true},
                   {"forward of all layers, s", true},
                   {"backward, s", true},
                   {"update, s", true},
                   {"sequences/s", true},
                   {"peak of a step, B", true},
                   {"largest deviation", true},
                   {"evidence"},
                   {"source"}},
                  {}};
  for (const PointDocument* point : points) {
    double forward_s = 0, backward_s = 0, update_s = 0, deviation = 0;
    bool has_training_memory = true, sampled = false;
    for (const LayerRun& run : point->sequence) {
      const LayerKindProfile& kind = point->kinds[static_cast<std::size_t>(run.kind)];
      forward_s += run.count * kind.forward.median_s;
      backward_s += run.count * kind.backward.median_s;
      update_s = point->update_is_whole_step ? kind.update.median_s
                                             : update_s + run.count * kind.update.median_s;
      has_training_memory = has_training_memory && kind.training_memory.has_value();
      for (const TimeSummary* time : {&kind.forward, &kind.backward}) {
        sampled = sampled || time->samples > 0;
        deviation = std::max(deviation, time->rel_stdev);
      }
    }
    table.rows.push_back({integer_cell(point->key.tp),
                          integer_cell(point->key.microbatch),
                          seconds_cell(forward_s),
                          seconds_cell(backward_s),
                          seconds_cell(update_s),
                          number_cell(point->key.microbatch / (forward_s + backward_s)),
                          has_training_memory ? memory_cell(step_peak_bytes(*point)) : no_cell(),
                          sampled ? percent_cell(deviation) : no_cell(),
                          {std::string(to_string(point->evidence))},
                          {point->source}});
  }
  section.table(table);
}

/// One variant at one sequence length.
void add_variant(const std::string& name, const ProfilePoints& points, const ReportInputs& inputs,
                 HtmlSection& section) {
  section.heading(name);
  add_points(points, section);
  for (const ProfileAxis axis : {ProfileAxis::kMicrobatch, ProfileAxis::kTensorDegree}) {
    const std::string by = axis == ProfileAxis::kMicrobatch ? "microbatch" : "tensor-degree";
    if (const auto chart = time_chart(points, axis)) {
      section.figure(fmt::format("time-by-{}-{}", by, name), svg(*chart));
    }
    if (const auto chart = memory_chart(points, axis)) {
      section.figure(fmt::format("memory-by-{}-{}", by, name), svg(*chart));
    }
  }
  const Roofline roofline = roofline_of(points, inputs);
  if (roofline.missing.empty()) {
    section.figure("roofline-" + name, svg(roofline.chart));
  } else {
    section.paragraph(roofline.missing);
  }
  // Operators and kernels of every point would be a thousand lines: those of the least divided and
  // largest one tell most.
  const PointDocument* detailed = nullptr;
  for (const PointDocument* point : points) {
    if (detailed == nullptr || point->key.tp < detailed->key.tp ||
        (point->key.tp == detailed->key.tp && point->key.microbatch > detailed->key.microbatch)) {
      detailed = point;
    }
  }
  add_operators(*detailed, section);
  add_kernels(*detailed, section);
  if (const auto plot = noise_plot(points)) section.figure("noise-" + name, svg(*plot));
  add_noise(points, section);
}

void add_database(const ProfileDatabase& database, const std::string& file,
                  const ReportInputs& inputs, std::vector<HtmlSection>& sections) {
  // Of one variant and sequence length each, as the database orders them.
  std::map<std::pair<std::string, int>, ProfilePoints> grids;
  ProfilePoints all;
  for (const auto& [key, entry] : database.points) {
    if (entry.point.status != PointStatus::kOk) continue;
    grids[{key.variant, key.seq_len}].push_back(&entry.point);
    all.push_back(&entry.point);
  }
  HtmlSection section(fmt::format("Profile: {} on {}", database.model, database.gpu), file,
                      all.empty() ? "" : std::string(to_string(evidence_of(all))));
  section.facts(database_facts(database, all));
  add_failures(database, section);
  add_findings(check_database(database), section);
  for (const auto& [grid, points] : grids) {
    const std::string name =
        grid.second > 0 ? fmt::format("{}, {} tokens", grid.first, grid.second) : grid.first;
    add_variant(name, points, inputs, section);
  }
  sections.push_back(std::move(section));
}

}  // namespace

void add_profile_db_view(const JsonDocument& document, const ReportInputs& inputs,
                         std::vector<HtmlSection>& sections) {
  add_database(database_from(document.root()), document.file(), inputs, sections);
}

void add_profiles_view(const JsonDocument& document, const ReportInputs& inputs,
                       std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  for (const JsonNode& database : root.at("profiles").elements()) {
    add_database(database_from(database), document.file(), inputs, sections);
  }
  HtmlSection section("Profiles: notes", document.file(), "");
  for (const JsonNode& note : root.at("notes").elements()) section.paragraph(note.string());
  if (root.at("notes").size() > 0) sections.push_back(std::move(section));
}

}  // namespace sextant
