#pragma once

#include <string>
#include <vector>

#include "analyzer/plan/plan.h"

namespace sextant {

/// A training plan as a picture: layers from left to right, a box for each stage as wide as it has
/// layers, in it its replicas by GPU type, zone and tensor degree. Equal pipelines are drawn once.
struct PipelineChart {
  const Plan& plan;
  std::string title;
  std::string evidence = {};  ///< the class that the remarks rest on; "" draws none
  std::string caption = {};   ///< further remarks, may be empty
  /// By stage, pipeline after pipeline, or empty: a line under its box.
  std::vector<std::string> remarks = {};
};

/// The chart as an SVG document that follows the reader's light or dark theme. The bytes depend on
/// the chart alone. Throws Error(kInternal) where there are another number of remarks than stages.
std::string svg(const PipelineChart& chart);

}  // namespace sextant
