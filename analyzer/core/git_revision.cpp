#include "analyzer/core/git_revision.h"

#include "sextant_git_revision.h"

namespace sextant {

std::string_view git_revision() {
  return SEXTANT_GIT_REVISION;
}

}  // namespace sextant
