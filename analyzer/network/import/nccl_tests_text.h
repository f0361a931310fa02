#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/import/nccl_tests_run.h"

namespace sextant {

/// Whether `text` looks like nccl-tests' text output: it has the head of its table, or a line of
/// the kind that stands above it.
bool is_nccl_tests_text(std::string_view text);

/// The runs of nccl-tests whose text output `text` holds, in their order: what MPI (--tag-output)
/// and Slurm (--label) put before lines is passed over, as are lines of other programs. Throws
/// Error(kBadInput) with file and line where a line of the table is cut or overwritten.
std::vector<NcclTestsRun> read_nccl_tests_text(std::string_view text, const std::string& file);

}  // namespace sextant
