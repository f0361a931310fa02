#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/cli/run_program.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {

/// A small network with its workload, for tests that need no published inputs.
struct TopoFiles {
  TemporaryFolder folder;
  std::string network = folder.write("small.json", R"({
    "schema": "sextant/topology/1.0", "name": "small",
    "dimensions": [{"npus": 4, "block": "Ring", "tier": "Package"},
                   {"npus": 8, "block": "Switch", "tier": "Pod"}],
    "prices": {"Package": {"link": 4}, "Pod": {"link": 8, "switch": 18, "nic": 30}},
    "cost_convention": "shared-links"})");
  /// 4 ms of computation in each phase; all-reduces of 1 GB in either group.
  std::string workload = write_workload("step.txt", "model_parallel_NPU_group: 4");

  std::string write(const std::string& name, const std::string& text) const {
    return folder.write(name, text);
  }
  std::string write_workload(const std::string& name, const std::string& group) const {
    return write(name, "HYBRID_TRANSFORMER " + group +
                           "\n1\nlayer -1 4000000 ALLREDUCE 1000000000 4000000 NONE 0 4000000 "
                           "ALLREDUCE 1000000000 10\n");
  }
  std::filesystem::path path(const std::string& name) const { return folder.path() / name; }
};

/// What `sextant topo …` prints with --json; a failure of the test where it fails.
inline nlohmann::json topo_json(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "topo");
  arguments.push_back("--json");
  const ProgramResult result = run_sextant(arguments);
  EXPECT_EQ(result.exit_code, 0) << result.err;
  return result.exit_code == 0 ? nlohmann::json::parse(result.out) : nlohmann::json();
}

}  // namespace sextant::testing
