// Document kind timeline.
#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/report/chrome_trace_reader.h"
#include "analyzer/report/html/timeline_data.h"
#include "analyzer/report/views/training_parts.h"

namespace sextant {

void add_timeline_view(const JsonDocument& document, const ReportInputs& /*inputs*/,
                       std::vector<HtmlSection>& sections) {
  const RecordedTimeline recorded = read_chrome_trace(document.root_of_kind("timeline", 1));
  const auto about = [&](const char* member) {
    const auto found = recorded.about.find(member);
    return found == recorded.about.end() ? std::string() : found->second;
  };
  const std::string model = about("model");
  HtmlSection section(model.empty() ? "Timeline" : "Timeline of " + model, document.file(),
                      about("evidence"));
  std::vector<std::pair<std::string, std::string>> facts = {
      {"iteration", format_seconds(recorded.timeline.end_s)},
      {"stage replicas", std::to_string(recorded.timeline.tracks.size())}};
  for (const auto& [key, value] : recorded.about) {
    if (key != "model" && key != "evidence") facts.emplace_back(key, value);
  }
  section.facts(facts);
  section.drawn("timeline", "timeline",
                timeline_data({recorded.timeline, about("evidence"),
                               "Replicas that do the same at the same times are one row."}));
  sections.push_back(std::move(section));
}

}  // namespace sextant
