#include "nccl_bench/report.h"

#include <array>
#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "nccl_bench/group.h"

namespace sextant::bench {

namespace {

/// Elements of a size; bytes where the type is not one of ours.
double count_of(const Sweep& sweep, double bytes) {
  for (std::size_t i = 0; i < kElementTypeNames.size(); ++i) {
    if (kElementTypeNames[i] == sweep.dtype) {
      return bytes / size_of(static_cast<ElementType>(i));
    }
  }
  return bytes;
}

std::string microseconds(double seconds) {
  return fmt::format("{:.2f}", seconds * 1e6);
}

std::string gigabytes(double bytes_per_s) {
  return fmt::format("{:.3f}", bytes_per_s * 1e-9);
}

std::string heading(const Sweep& sweep) {
  std::string text = fmt::format("{}, {}", sweep.text(), to_string(sweep.level));
  if (!sweep.transport.empty()) text += ", " + sweep.transport;
  return text + "\n";
}

std::string sweep_table(const Sweep& sweep) {
  using Align = Table::Align;
  Table table({{"size"},
               {"count"},
               {"type", Align::kLeft},
               {"op", Align::kLeft},
               {"place", Align::kLeft},
               {"median us"},
               {"p10"},
               {"p90"},
               {"p99"},
               {"algbw GB/s"},
               {"busbw"},
               {"#wrong"}});
  for (const BandwidthPoint& point : sweep.points) {
    table.add_row(
        {fmt::format("{:.0f}", point.bytes), fmt::format("{:.0f}", count_of(sweep, point.bytes)),
         sweep.dtype, is_reduction(sweep.op) ? "sum" : "none", sweep.in_place ? "in" : "out",
         microseconds(point.time.median_s), microseconds(point.time.p10_s),
         microseconds(point.time.p90_s), point.p99_s ? microseconds(*point.p99_s) : "-",
         gigabytes(sweep.algorithm_bandwidth(point)), gigabytes(sweep.bus_bandwidth(point)),
         point.wrong ? std::to_string(*point.wrong) : "N/A"});
  }
  return table.empty() ? "" : table.text();
}

std::string overlap_table(const std::vector<OverlapMeasurement>& overlaps) {
  using Align = Table::Align;
  Table table({{"overlap of", Align::kLeft},
               {"ranks"},
               {"size"},
               {"matrix"},
               {"product us"},
               {"together"},
               {"slowdown"},
               {"op us"},
               {"together"},
               {"slowdown"},
               {"coefficient"}});
  for (const OverlapMeasurement& overlap : overlaps) {
    table.add_row({std::string(to_string(overlap.op)), std::to_string(overlap.world_size),
                   fmt::format("{:.0f}", overlap.bytes), std::to_string(overlap.matrix_size),
                   microseconds(overlap.compute_alone.median_s),
                   microseconds(overlap.compute_together.median_s),
                   fmt::format("{:.3f}", overlap.compute_slowdown()),
                   microseconds(overlap.communication_alone.median_s),
                   microseconds(overlap.communication_together.median_s),
                   fmt::format("{:.3f}", overlap.communication_slowdown()),
                   fmt::format("{:.3f}", overlap.coefficient())});
  }
  return table.text();
}

}  // namespace

std::string report_text(const BandwidthDocument& document) {
  std::string out;
  for (const Sweep& sweep : document.sweeps) {
    if (!out.empty()) out += "\n";
    out += heading(sweep) + sweep_table(sweep);
  }
  if (!document.overlaps.empty()) out += "\n" + overlap_table(document.overlaps);
  if (!document.problems.empty()) out += "\n";
  for (const std::string& problem : document.problems) out += "problem: " + problem + "\n";
  return out;
}

std::string csv_text(const BandwidthDocument& document) {
  std::string out =
      "op,pattern,world_size,ranks,level,dtype,in_place,bytes,median_s,p10_s,p90_s,p99_s,samples,"
      "rel_stdev,skew_s,algbw_bytes_per_s,busbw_bytes_per_s,wrong\n";
  for (const Sweep& sweep : document.sweeps) {
    for (const BandwidthPoint& point : sweep.points) {
      out += fmt::format("{},{},{},{},{},{},{},{:.0f},{},{},{},{},{},{},{},{},{},{}\n",
                         to_string(sweep.op), to_string(sweep.pattern), sweep.world_size,
                         fmt::join(sweep.ranks, " "), to_string(sweep.level), sweep.dtype,
                         sweep.in_place ? 1 : 0, point.bytes, point.time.median_s, point.time.p10_s,
                         point.time.p90_s, point.p99_s ? fmt::format("{}", *point.p99_s) : "",
                         point.time.samples, point.time.rel_stdev,
                         point.skew_s ? fmt::format("{}", *point.skew_s) : "",
                         sweep.algorithm_bandwidth(point), sweep.bus_bandwidth(point),
                         point.wrong ? std::to_string(*point.wrong) : "");
    }
  }
  return out;
}

}  // namespace sextant::bench
