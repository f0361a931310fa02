#include "reproduce/sailor_contenders.h"

#include <utility>

#include "analyzer/training/aceso/validation.h"
#include "analyzer/training/published_tables.h"
#include "analyzer/training/sailor/sailor.h"

namespace sextant {

namespace {

/// What every contender of the figure starts from.
Contender contender_named(std::string_view name, const ModelProfile& profile,
                          const ModelDescription& model) {
  Contender contender;
  contender.name = name;
  contender.estimator = &estimator_named(name);
  contender.profile = &profile;
  contender.model = &model;
  contender.evidence = Evidence::kReplayed;
  // The figure shows what the simulator reports, not what its fit check counts.
  if (contender.estimator == &sailor_estimator()) {
    contender.reported_memory = sailor_reported_memory;
  }
  return contender;
}

}  // namespace

std::vector<Contender> sailor_contenders(const std::vector<const char*>& baselines,
                                         const std::filesystem::path& artifact,
                                         const ModelDescription& model,
                                         const ModelProfile& simulator,
                                         const ModelProfile& planner) {
  std::vector<Contender> contenders;
  for (const auto& [profile, suffix] :
       {std::pair(&simulator, ""), std::pair(&planner, "@planner-profile")}) {
    for (const char* name : {"sextant", "sailor"}) {
      contenders.push_back(contender_named(name, *profile, model));
      contenders.back().name += suffix;
    }
  }
  for (const std::string_view name : baselines) {
    if (name == "aceso") continue;  // is held against its own runtime
    contenders.push_back(contender_named(name, simulator, model));
    contenders.back().published_tables = published_tables_of(artifact);
  }
  return contenders;
}

std::vector<ValidationRow> aceso_rows(Quantity quantity, const std::filesystem::path& artifact) {
  std::vector<ValidationRow> rows;
  for (const AcesoValidation& run : aceso_validation(published_tables_of(artifact))) {
    ValidationRow& row = rows.emplace_back();
    const bool time = quantity == Quantity::kTime;
    row.config = "aceso/" + run.config;
    row.estimator = "aceso";
    row.quantity = quantity;
    row.evidence = Evidence::kReplayed;
    row.measured = time ? run.measured_s : run.measured_bytes;
    row.predicted = row.upper_bound = time ? run.predicted_s : run.predicted_bytes;
    row.interval = {row.predicted, row.predicted, row.predicted, false};
  }
  return rows;
}

}  // namespace sextant
