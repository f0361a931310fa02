#include "analyzer/core/data_directory.h"

#include <cstdlib>

#include "analyzer/core/error.h"

namespace sextant {

std::filesystem::path data_directory() {
  namespace fs = std::filesystem;
  if (const char* chosen = std::getenv("SEXTANT_PROFILES"); chosen != nullptr && *chosen != '\0') {
    if (fs::is_directory(chosen)) return chosen;
    throw_bad_input("SEXTANT_PROFILES names " + quote(chosen) + ", which is not a directory");
  }
  std::error_code failure;
  const fs::path program = fs::read_symlink("/proc/self/exe", failure);
  for (fs::path above = program.parent_path(); !above.empty(); above = above.parent_path()) {
    for (const char* place : {"share/sextant/profiles", "profiles"}) {
      if (fs::is_directory(above / place / "gpus", failure)) return above / place;
    }
    if (above == above.root_path()) break;
  }
  throw_bad_input("the shipped profiles/ were not found above " + quote(program.string()) +
                  "; set SEXTANT_PROFILES to their directory");
}

}  // namespace sextant
