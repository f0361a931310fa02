// Of doctor_parts.h. CMakeLists.txt defines SEXTANT_WITH_… as what is to be said of a solver that
// is linked, or "".
#include <fmt/format.h>

#include "cli/doctor_parts.h"
#include "cli/doctor_search.h"

namespace sextant::cli {

namespace {

/// A solver that a build has or not; what is installed since then needs a build to be of use.
Check solver(const HeaderSearch& search, const std::string& built_with) {
  if (!built_with.empty()) return present(search.name, built_with);
  const Check installed = check_header(search);
  if (installed.presence != Presence::kPresent) return installed;
  return missing(search.name, fmt::format("{}, but not built in", installed.found),
                 "configure and build again: cmake --preset cpu && cmake --build --preset cpu");
}

}  // namespace

std::vector<Check> solver_checks() {
  const std::vector<std::filesystem::path> system = {"/usr/include", "/usr/local/include"};
  std::vector<std::filesystem::path> highs = {"/usr/include/highs", "/usr/local/include/highs"};
  for (const std::filesystem::path& place : site_packages()) {
    highs.push_back(place / "highsbox/highs_dist/include/highs");
  }
  return {
      solver({"ceres",
              "ceres/ceres.h",
              "ceres/version.h",
              {"CERES_VERSION_MAJOR", "CERES_VERSION_MINOR"},
              system,
              "./setup"},
             SEXTANT_WITH_CERES),
      solver({"highs",
              "Highs.h",
              "HConfig.h",
              {"HIGHS_VERSION_MAJOR", "HIGHS_VERSION_MINOR", "HIGHS_VERSION_PATCH"},
              highs,
              "./setup"},
             SEXTANT_WITH_HIGHS),
      solver({"metis",
              "metis.h",
              "metis.h",
              {"METIS_VER_MAJOR", "METIS_VER_MINOR", "METIS_VER_SUBMINOR"},
              system,
              "./setup"},
             SEXTANT_WITH_METIS),
      present("nlopt", SEXTANT_WITH_NLOPT),  // no build without it
  };
}

}  // namespace sextant::cli
