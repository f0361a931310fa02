#pragma once

#include <filesystem>
#include <vector>

#include "analyzer/model/model.h"
#include "analyzer/profile/model_profile.h"
#include "analyzer/validation/validation.h"

namespace sextant {

/// Who predicts the runs of a validation figure: our estimator and Sailor's on the published
/// simulator's profile, then on the planner's ("sextant@planner-profile"), then `baselines`, which
/// have tables of their own; without Aceso, for which see aceso_rows. References must outlive the
/// contenders.
std::vector<Contender> sailor_contenders(const std::vector<const char*>& baselines,
                                         const std::filesystem::path& artifact,
                                         const ModelDescription& model,
                                         const ModelProfile& simulator,
                                         const ModelProfile& planner);

/// Aceso's model beside its own runtime, "aceso/8-512-4-2-8": configurations that only it can say.
/// Empty where the artifact has none. Throws what aceso_validation throws.
std::vector<ValidationRow> aceso_rows(Quantity quantity, const std::filesystem::path& artifact);

}  // namespace sextant
