#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/trace/csv_table.h"
#include "analyzer/serving/trace/request_trace.h"

namespace sextant {

RecordedRequests read_recorded_requests(const std::filesystem::path& lengths,
                                        const std::filesystem::path& arrivals) {
  RecordedRequests recorded;
  const CsvTable pairs(lengths, {"input_tokens", "output_tokens"});
  for (std::size_t row = 0; row < pairs.rows(); ++row) {
    recorded.lengths.push_back(
        {pairs.count(row, 0, kMostRequestTokens), pairs.count(row, 1, kMostRequestTokens)});
  }
  const CsvTable counts(arrivals, {"requests_in_interval"});
  long long requests = 0;
  for (std::size_t row = 0; row < counts.rows(); ++row) {
    constexpr long long kMostArrivals = 1'000'000;
    recorded.arrivals.push_back(static_cast<int>(counts.integer(row, 0, 0, kMostArrivals)));
    requests += recorded.arrivals.back();
  }
  if (requests == 0) {
    throw_bad_input(
        fmt::format("{}: expected at least one request, found none", arrivals.string()));
  }
  return recorded;
}

RecordedRequests read_azure_conversations(const std::filesystem::path& artifact) {
  const std::filesystem::path folder = artifact / "traces";
  return read_recorded_requests(folder / "azure_conv_lengths.csv",
                                folder / "azure_conv_arrivals_per_3s.csv");
}

RequestTrace read_request_trace(const std::filesystem::path& path) {
  const CsvTable table(path, {"arrival_s", "input_tokens", "output_tokens"});
  RequestTrace trace;
  for (std::size_t row = 0; row < table.rows(); ++row) {
    trace.push_back(
        {table.non_negative(row, 0),
         {table.count(row, 1, kMostRequestTokens), table.count(row, 2, kMostRequestTokens)}});
  }
  std::stable_sort(trace.begin(), trace.end(), [](const TracedRequest& a, const TracedRequest& b) {
    return a.arrival_s < b.arrival_s;
  });
  return trace;
}

}  // namespace sextant
