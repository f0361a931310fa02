#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "analyzer/network/bandwidth_document.h"
#include "analyzer/network/import/import_context.h"

namespace sextant {

// What nccl-tests says, whether as text or as JSON, and the sweeps that follow from it. Its
// formats: src/common.cu of its versions up to 2.16, src/util.cu since.

/// One of the two halves of a row, out of place or in place.
struct NcclTestsFigures {
  double time_us = 0;  ///< mean of the iterations
  std::optional<double> algbw_gb_per_s;
  std::optional<double> busbw_gb_per_s;
  std::optional<std::int64_t> wrong;
  std::vector<double> times_us;  ///< of each iteration, where that was asked for
};

struct NcclTestsRow {
  std::string place;  ///< "FILE at line 7", for messages
  double bytes = 0;
  std::string type;   ///< as nccl-tests calls it, "float"
  std::string redop;  ///< "sum", "none", "" = not said
  std::string root;   ///< "-1", "" = not said
  std::optional<NcclTestsFigures> out_of_place;
  std::optional<NcclTestsFigures> in_place;
};

/// One run of one program.
struct NcclTestsRun {
  std::string place;                ///< "FILE at line 3", where it begins
  std::string program;              ///< "all_reduce_perf", "" = not said
  std::string version;              ///< of nccl-tests
  std::string nccl;                 ///< of the library, "2.28.8"
  std::string command;              ///< command line, "" = not said
  std::optional<double> max_bytes;  ///< the last size that was asked for
  std::vector<BandwidthRank> ranks;
  std::vector<int> groups;  ///< of each rank, where the world was split
  std::vector<NcclTestsRow> rows;
  std::vector<std::string> problems;
  bool finished = false;  ///< its summary was seen
};

/// The program's name in `text`, "all_reduce_perf" of "./build/all_reduce_perf -b 8"; "" where
/// there is none of nccl-tests' programs.
std::string nccl_tests_program_in(std::string_view text);

/// "2.28.8" of 22808, as NCCL_VERSION_CODE counts (before 2.9: of 2804).
std::string nccl_version_text(long long code);

/// Checks a run and makes a document of it. Throws Error(kBadInput) as import_bandwidth() states.
BandwidthDocument bandwidth_of(const NcclTestsRun& run, const std::string& file,
                               const ImportContext& context);

}  // namespace sextant
