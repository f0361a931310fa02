#pragma once

#include <optional>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "reproduce/libra_evaluation.h"

namespace sextant {

/// A figure of LIBRA's evaluation, drawn from simulated points.
struct LibraFigure {
  /// What it shows of a point.
  enum class Shows { kTime, kSpeedup, kCost, kSpeedPerCost, kSlowdown };

  const char* name;
  Shows shows;
  const char* description;
  const char* member;   ///< of a row: what the figure shows beside time and cost
  const char* y_label;  ///< with its unit
};

/// "evaluation", which shows the points themselves, and "fig12" to "fig15".
const std::vector<LibraFigure>& libra_figures();

/// A point and what the figure shows of it; nothing where what it is compared with is not there
/// (the small set lacks a 2D network with as much bandwidth as the DGX-like one).
struct LibraFigureRow {
  LibraPoint point;
  std::optional<double> value;
};

/// Whether other configurations have its budget too. The DGX-like network, and what it is compared
/// with, has a budget of its own.
bool has_round_budget(const LibraPoint& point);

/// Those of the points that the figure shows, by network, workload, configuration, whom they are
/// for, and budget.
std::vector<LibraFigureRow> libra_figure_rows(const LibraFigure& figure,
                                              const std::vector<LibraPoint>& points);

/// Figures of one configuration, or of one bar of means.
struct LibraSummary {
  std::string configuration;
  std::string optimized_for;  ///< figure 15
  std::string network;        ///< of a bar; "" = over all networks and budgets
  double total_gb_per_s = 0;  ///< likewise
  int count = 0;
  double mean = 0;
  double geometric_mean = 0;
  double min = 0;
  double max = 0;
};

/// By configuration, over the budgets that all configurations have; of figure 15 also every bar of
/// means, which counts one slowdown of 1 beside those of the workloads that its networks were not
/// made for (as the artifact does, also where they were made for all).
std::vector<LibraSummary> summarize(const LibraFigure& figure,
                                    const std::vector<LibraFigureRow>& rows);
OrderedJson to_json(const LibraSummary& summary);

std::string libra_figure_csv(const LibraFigure& figure, const std::vector<LibraFigureRow>& rows);
/// What the figure shows of each network, workload and configuration by budget.
std::string libra_figure_table(const std::vector<LibraFigureRow>& rows);
/// The picture, as SVG.
std::string libra_figure_svg(const LibraFigure& figure, const std::vector<LibraFigureRow>& rows,
                             const std::vector<LibraSummary>& summaries);

}  // namespace sextant
