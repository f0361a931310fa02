#pragma once

#include <string>
#include <vector>

#include "analyzer/training/estimator.h"
#include "analyzer/training/timeline.h"

namespace sextant {

/// An iteration as letters for a terminal: a line for each row of timeline_rows() (stage replicas
/// that do the same), time from left to right. A column is what the stage does for the most of it:
/// 'F' forward, 'B' backward, 'W' backward of weights, 'U' update, '~' exposed communication, '.'
/// bubble. ASCII, no line longer than `columns` (at least 40); at most `most_rows` rows, and a line
/// that says how many are left out. A legend of what occurs ends it.
std::string text_timeline(const Timeline& timeline, std::size_t columns = 100,
                          std::size_t most_rows = 32);

/// The memory of each stage's fullest GPU as bars, '#' what is expected and '+' what will not be
/// exceeded, to the end of its capacity: the same width for all. "" where no stage has a figure.
std::string text_memory(const std::vector<StagePrediction>& stages, std::size_t columns = 100);

}  // namespace sextant
