#include "cli/plan_picture.h"

#include <optional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/report/text_timeline.h"

namespace sextant::cli {

void add_picture_option(CLI::App& command, bool& picture) {
  command.add_flag("--picture", picture,
                   "Also draw the iteration by stage and the memory as text, 100 columns wide");
}

void check_picture(bool picture, const Session& session) {
  if (picture && session.json) {
    throw_usage("--picture draws text, which --json has not: leave out either");
  }
}

std::string estimators_with_timeline(const TrainingInput& input, const Plan& plan) {
  std::string names;
  for (const Estimator* estimator : estimators()) {
    bool has_one = true;  // also one that fails to make it
    try {
      has_one = estimator->timeline(input.problem(), plan).has_value();
    } catch (const Error&) {
    }
    if (has_one) names += fmt::format(" {}", estimator->name());
  }
  return names.empty() ? " none" : names;
}

std::string plan_picture(const TrainingInput& input, const Plan& plan, const Prediction& prediction,
                         const Estimator& estimator) {
  std::string text = fmt::format("\nan iteration by stage, estimator {} (evidence: {})\n",
                                 estimator.name(), to_string(input.evidence));
  const std::optional<Timeline> timeline = estimator.timeline(input.problem(), plan);
  text += timeline ? text_timeline(*timeline)
                   : fmt::format(
                         "it knows no times of single microbatches; with a timeline there "
                         "are:{}\n",
                         estimators_with_timeline(input, plan));
  const std::string memory = text_memory(prediction.stages);
  if (!memory.empty()) text += "\nmemory\n" + memory;
  return text;
}

}  // namespace sextant::cli
