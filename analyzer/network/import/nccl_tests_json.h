#pragma once

#include "analyzer/core/json_document.h"
#include "analyzer/network/import/nccl_tests_run.h"

namespace sextant {

/// Whether a JSON document is nccl-tests' (its option -J, since 2.17).
bool is_nccl_tests_json(const JsonNode& root);

/// The run that it describes. The environment, which nccl-tests writes into it whole, is not taken
/// over. Throws Error(kBadInput) with the place.
NcclTestsRun read_nccl_tests_json(const JsonNode& root);

}  // namespace sextant
