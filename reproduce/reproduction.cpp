#include "reproduce/reproduction.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "reproduce/helix.h"
#include "reproduce/libra.h"
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
  for (ExperimentName& name : libra_experiments()) all.push_back(std::move(name));
  for (ExperimentName& name : helix_experiments()) all.push_back(std::move(name));
  return all;
}

Reproduction reproduce(const std::string& system, const std::string& experiment,
                       const ReproduceOptions& options) {
  const auto is_among = [&](const std::vector<ExperimentName>& names) {
    return std::any_of(names.begin(), names.end(), [&](const ExperimentName& name) {
      return name.system == system && name.experiment == experiment;
    });
  };
  const bool of_helix = is_among(helix_experiments());
  if (!of_helix &&
      (!options.methods.empty() || !options.layouts_dir.empty() || options.latencies)) {
    throw_usage("only experiments of helix have methods, layouts and latencies");
  }
  if (is_among(libra_experiments())) return reproduce_libra(experiment, options);
  if (!options.set.empty()) throw_usage("only figures of libra have a small and a full set");
  if (of_helix) return reproduce_helix(experiment, options);
  if (is_among(sailor_validation_experiments())) {
    return reproduce_sailor_validation(experiment, options);
  }
  if (is_among(sailor_planning_experiments())) {
    return reproduce_sailor_planning(experiment, options);
  }
  std::string known;
  for (const ExperimentName& name : experiments()) {
    known += fmt::format(" {}/{}", name.system, name.experiment);
  }
  throw_usage(fmt::format("no experiment {} of system {}; there are:{}", quote(experiment),
                          quote(system), known));
}

}  // namespace sextant
