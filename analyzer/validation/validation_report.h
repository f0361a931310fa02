#pragma once

#include <map>
#include <string>
#include <vector>

#include "analyzer/report/box_plot.h"
#include "analyzer/validation/validation.h"

namespace sextant {

/// Somebody else's recorded prediction of a configuration, by its name: drawn as a column of its
/// own.
using PublishedPredictions = std::map<std::string, double>;

/// A line for each run with what each estimator predicts and its error, for people; then what is
/// suspicious and why something is missing; then the summary.
std::string validation_text(const std::vector<ValidationRow>& rows,
                            const PublishedPredictions& published = {});

/// A header line and a line for each row, as RFC 4180 has it; numbers as short as they stay exact,
/// seconds and bytes.
std::string validation_csv(const std::vector<ValidationRow>& rows);

/// |relative_error| in %, a box for each estimator (and quantity).
BoxPlot validation_plot(const std::vector<ValidationRow>& rows, const std::string& title);

}  // namespace sextant
