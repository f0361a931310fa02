#pragma once

#include <string>
#include <vector>

#include "launch/emit/job_folder.h"

namespace sextant::testing {

/// Holds these files of the folder, one after the other, against tests/data/launch/NAME.txt. With
/// SEXTANT_WRITE_GOLDEN=1 in the environment that file is written instead.
void expect_golden(const JobFolder& folder, const std::vector<std::string>& paths,
                   const std::string& name);

/// Writes the folder and holds every script in it against bash -n and shellcheck.
void expect_sound_scripts(const JobFolder& folder);

}  // namespace sextant::testing
