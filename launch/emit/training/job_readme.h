#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "launch/emit/training/launch_target.h"

namespace sextant {

/// What a target alone knows of its folder.
struct ReadmeParts {
  /// Markdown under the heading "Start": which commands, what they need beforehand. No names from
  /// files in it: these stand in the tables.
  std::string start;
  /// The same under "Compare": what compare.sh is given.
  std::string compare;
  /// Path and what it is, of the files that the target added.
  std::vector<std::pair<std::string, std::string>> files;
};

/// Adds README.md: the predicted figures with their estimator and evidence, which machine has which
/// ranks and layers, the files, the commands, and folder.notes. Call it last. Every name from a
/// file stands in a fenced block, where Markdown takes it as it is.
void put_readme(const LaunchJob& job, const LaunchTarget& target, const ReadmeParts& parts,
                JobFolder& folder);

/// Where an engine's log says how long an iteration took.
struct LoggedTime {
  std::string_view pattern;  ///< of `sed -E`, without a slash; its only group is the number
  double unit_s = 1;         ///< seconds that a 1 in the log stands for
  int warm_up = 0;           ///< such lines of each log that do not count
  /// Where the log has a rate: how much of it an iteration is, which takes work / number seconds.
  double work = 0;
};

/// compare.sh of an engine that is no program of ours: `compare.sh LOG…` prints the median of the
/// logged times beside the predicted time. Exit code 3 where the logs have none.
std::string compare_log_script(const LaunchJob& job, const LoggedTime& time);

}  // namespace sextant
