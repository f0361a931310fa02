#pragma once

#include <string>

#include "analyzer/report/html/html_page.h"
#include "analyzer/report/views/profile_charts.h"

namespace sextant {

// Tables of profiled points. Each adds nothing where no point has what it shows.

/// A line for each layer kind: its layers, times and bytes.
void add_layer_kinds(const PointDocument& point, HtmlSection& section);
/// Operators by the time that all layers of their kind spend in them, with their share of it all.
void add_operators(const PointDocument& point, HtmlSection& section);
/// The kernels likewise, and how busy the GPU was.
void add_kernels(const PointDocument& point, HtmlSection& section);
/// Spread and number of samples of every phase, noisiest first; what is noisier than the rule by
/// which sampling ended, or than 10 %, says so.
void add_noise(const ProfilePoints& points, HtmlSection& section);

}  // namespace sextant
