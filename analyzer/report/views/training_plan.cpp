// Document kinds plan, prediction and job.
#include <fmt/format.h>

#include "analyzer/report/views/training_parts.h"

namespace sextant {

void add_plan_view(const JsonDocument& document, const ReportInputs& inputs,
                   std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("plan", 1);
  const Plan plan = plan_from_json(root);
  std::optional<TrainingFigures> recorded;
  if (const auto prediction = root.find("prediction")) {
    recorded = read_training_figures(*prediction);
  }
  const SimulatedPlan simulated = simulate(plan, inputs);
  HtmlSection section(fmt::format("Plan for {}", plan.model), document.file(),
                      simulated.figures ? simulated.figures->evidence
                      : recorded        ? recorded->evidence
                                        : "");
  add_plan(plan, recorded, simulated, section);
  sections.push_back(std::move(section));
}

void add_prediction_view(const JsonDocument& document, const ReportInputs& /*inputs*/,
                         std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root_of_kind("prediction", 1);
  const TrainingFigures figures = read_training_figures(root);
  HtmlSection section("Prediction", document.file(), figures.evidence);
  if (const auto reason = root.find("reason")) {
    section.warning("The plan does not fit in memory: " + reason->string());
  }
  add_figures(figures, section);
  if (const auto other = root.find("against")) {
    section.paragraph(fmt::format("Beside {} ({:.5g} s an iteration): {}",
                                  other->at("plan").string(), other->at("iteration_s").positive(),
                                  other->at("verdict").string()));
  }
  sections.push_back(std::move(section));
}

void add_job_view(const JsonDocument& document, const ReportInputs& /*inputs*/,
                  std::vector<HtmlSection>& sections) {
  HtmlSection section("Job", document.file(), "");
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [key, node] : document.root().members()) {
    if (key == "schema") continue;
    facts.emplace_back(key, node.is_string() ? node.string() : node.raw().dump());
  }
  section.facts(facts);
  sections.push_back(std::move(section));
}

}  // namespace sextant
