#pragma once

#include <string>
#include <vector>

#include "analyzer/plan/plan.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/report/views/training_figures.h"

namespace sextant {

/// What a plan is simulated to do. Empty where nothing was simulated; `why_not` then says why, as a
/// sentence for people.
struct SimulatedPlan {
  std::optional<TrainingFigures> figures;
  std::optional<Timeline> timeline;
  std::string why_not;
  bool failed =
      false;  ///< it should have been: cluster and job are there, but do not suit the plan
};

/// Simulates the plan where `inputs` have cluster and job of its model.
SimulatedPlan simulate(const Plan& plan, const ReportInputs& inputs);

/// Figures, picture, timeline, memory, cost and times of a plan: what `recorded` says or, where it
/// could be simulated, what the estimator says now (and what was recorded beside it).
void add_plan(const Plan& plan, const std::optional<TrainingFigures>& recorded,
              const SimulatedPlan& simulated, HtmlSection& section);

/// The figures of a prediction alone: those that count, where the time goes, memory by term, cost.
void add_figures(const TrainingFigures& figures, HtmlSection& section);

/// "notes" of a document: what to know about its inputs.
void add_notes(const JsonNode& root, HtmlSection& section);

/// "Prices of 2025-10-13: SOURCE", where the document says so.
void add_prices(const JsonNode& root, HtmlSection& section);

/// A cell that is sorted by its number.
HtmlTable::Cell number_cell(double value, std::string text);
/// "0.4163 USD" below a dollar, "12.34 USD" above.
std::string usd_text(double usd);
/// "16×A100-40@hall, 8×V100-16@hall".
std::string gpus_text(const Plan& plan);

}  // namespace sextant
