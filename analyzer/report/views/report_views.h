#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/report/html/html_page.h"
#include "analyzer/training/training_input.h"

namespace sextant {

/// All that a report is made from.
struct ReportInputs {
  std::vector<std::unique_ptr<JsonDocument>> documents;  ///< in the order given
  /// Where a cluster and a job are among them: for plans to be simulated.
  std::optional<TrainingInput> training;
  const Estimator* estimator = nullptr;  ///< that simulates them; null = estimator sextant
  /// Why `training` is empty, as a sentence for people; "" where nobody gave a cluster or job.
  std::string not_simulated;
};

/// What documents of one kind show: adds its sections. Throws Error(kBadInput) naming the place
/// where the document is not what its schema says.
using ReportView = void (*)(const JsonDocument& document, const ReportInputs& inputs,
                            std::vector<HtmlSection>& sections);

/// Null where that kind has no view of its own (views.def).
ReportView report_view_of(std::string_view kind);

/// Every document's sections in order; a kind without a view of its own shows its members as a
/// table. Throws Error(kBadInput) on a document that is not one of ours or of a newer major
/// version.
std::vector<HtmlSection> report_sections(const ReportInputs& inputs);

}  // namespace sextant
