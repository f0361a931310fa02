#pragma once

#include <string>
#include <vector>

#include "analyzer/profile/profile_db.h"

namespace sextant {

/// Something about a profile that a person should look at.
struct Finding {
  enum class Severity { kWarning, kError };
  Severity severity = Severity::kWarning;
  std::string place;  ///< which point or grid
  std::string text;
};

/// Times that cannot be, judged by the arithmetic that a transformer block needs: its forward pass
/// does at least 2 FLOPs per parameter and token. Errors: more than `peak_flops` per second and GPU
/// (times in a longer unit than seconds), or so little that they look like milliseconds or
/// microseconds. Warnings: a backward that is not 0.5 to 6 times the forward, a relative deviation
/// above 10 %, an optimizer step of zero.
std::vector<Finding> check_point(const PointDocument& point, double peak_flops = 1e15);

/// Every point of a database; gaps and failures of its grids; times that fall while the microbatch
/// grows; measurements of one variant whose GPU, driver, toolkit or clocks differ.
std::vector<Finding> check_database(const ProfileDatabase& database, double peak_flops = 1e15);

}  // namespace sextant
