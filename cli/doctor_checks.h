#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "cli/doctor_conditions.h"

namespace sextant::cli {

/// Whether something is on this machine; unknown where looking failed.
enum class Presence { kPresent, kMissing, kUnknown };
std::string_view to_string(Presence presence);

/// One thing that was looked for.
struct Check {
  std::string name;  ///< "driver", "cuda", …: how tasks refer to it
  Presence presence = Presence::kUnknown;
  std::string found;   ///< version and place, or what was tried
  std::string remedy;  ///< the command or step that would add it, "" where present
};

/// Something a user may want to do here, and the checks that stand in the way.
struct Task {
  std::string name;
  Presence ready = Presence::kUnknown;  ///< present: every need is; missing: at least one is
  std::vector<std::string> lacks;       ///< needs that are missing or unknown
};

struct Diagnosis {
  std::vector<Check> checks;
  std::vector<Task> tasks;
  std::vector<Condition> conditions;  ///< of measurements
};

/// Looks at files, the environment and the NVIDIA libraries (loaded at run time, never linked);
/// starts no other program than `scontrol ping` and writes nothing. Throws nothing but
/// std::bad_alloc: what cannot be looked at is unknown.
Diagnosis examine_machine();

}  // namespace sextant::cli
