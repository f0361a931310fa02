#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/profile/profile_point.h"
#include "analyzer/report/box_plot.h"
#include "analyzer/report/line_chart.h"

namespace sextant {

/// Points of status ok of one model, GPU type, variant and sequence length.
using ProfilePoints = std::vector<const PointDocument*>;

/// What a profile is drawn against.
enum class ProfileAxis { kMicrobatch, kTensorDegree };

/// Forward, backward and update of every layer kind, a row of panels each; one series for each
/// value of the other axis. Nothing where the points have fewer than two values on the axis.
std::optional<LineChart> time_chart(const ProfilePoints& points, ProfileAxis axis);
/// The same of what a rank holds: parameters, activations kept for backward, largest workspace.
std::optional<LineChart> memory_chart(const ProfilePoints& points, ProfileAxis axis);

/// Relative standard deviations of the phases of each layer kind over the points, which a table of
/// so many rows hides; nothing with fewer than three points that have one.
std::optional<BoxPlot> noise_plot(const ProfilePoints& points);

/// The weakest of the points' classes, which are not empty.
Evidence evidence_of(const ProfilePoints& points);

}  // namespace sextant
