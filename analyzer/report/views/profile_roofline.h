#pragma once

#include <string>

#include "analyzer/report/log_chart.h"
#include "analyzer/report/views/profile_charts.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

/// Either a chart or why there is none, a sentence for the reader.
struct Roofline {
  LogChart chart;
  std::string missing;  ///< "" = there is a chart
};

/// Achieved FLOP/s against arithmetic intensity, FLOPs per byte of device memory (Williams et al.
/// 2009), of every layer kind that multiplies matrices, and of its operators where they were timed,
/// under the roof of the GPU type's data sheet where there is one. FLOPs and bytes are those of
/// analyzer/model/operators.h: of the model among the report's inputs, else of the zoo.
Roofline roofline_of(const ProfilePoints& points, const ReportInputs& inputs);

}  // namespace sextant
