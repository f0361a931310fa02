#include "reproduce/reproduction.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "reproduce/sailor_planning.h"
#include "reproduce/sailor_validation.h"

namespace sextant {

OrderedJson to_json(const Reproduction& reproduction, bool timing) {
  OrderedJson out = {{"schema", schema_id("reproduction")},
                     {"system", reproduction.system},
                     {"experiment", reproduction.experiment}};
  if (!reproduction.notes.empty()) out["notes"] = reproduction.notes;
  out["rows"] = reproduction.rows;
  if (!reproduction.summary.empty()) out["summary"] = reproduction.summary;
  if (timing) out["timing"] = reproduction.timing;
  return out;
}

std::vector<ExperimentName> experiments() {
  std::vector<ExperimentName> all = sailor_validation_experiments();
  for (ExperimentName& name : sailor_planning_experiments()) all.push_back(std::move(name));
  return all;
}

Reproduction reproduce(const std::string& system, const std::string& experiment,
                       const ReproduceOptions& options) {
  for (const ExperimentName& name : sailor_validation_experiments()) {
    if (name.system == system && name.experiment == experiment) {
      return reproduce_sailor_validation(experiment, options);
    }
  }
  std::string known;
  for (const ExperimentName& name : experiments()) {
    if (name.system == system && name.experiment == experiment) {
      return reproduce_sailor_planning(experiment, options);
    }
    known += fmt::format(" {}/{}", name.system, name.experiment);
  }
  throw_usage(fmt::format("no experiment {} of system {}; there are:{}", quote(experiment),
                          quote(system), known));
}

}  // namespace sextant
