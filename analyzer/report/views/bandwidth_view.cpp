#include <algorithm>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/quantile.h"
#include "analyzer/core/table.h"
#include "analyzer/network/compare/link_matrix.h"
#include "analyzer/network/compare/link_outliers.h"
#include "analyzer/network/compare/plateau.h"
#include "analyzer/report/log_chart.h"
#include "analyzer/report/pair_matrix_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/measured_sizes.h"
#include "analyzer/report/views/provenance_facts.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

/// "host a, rank 3": ranks of one machine stand together.
std::string rank_name(const BandwidthDocument& document, int rank) {
  const auto index = static_cast<std::size_t>(rank);
  if (index >= document.ranks.size() || document.ranks[index].host.empty()) {
    return fmt::format("rank {}", rank);
  }
  const BandwidthRank& one = document.ranks[index];
  return one.zone.empty() ? fmt::format("{} rank {}", one.host, rank)
                          : fmt::format("{} {} rank {}", one.zone, one.host, rank);
}

/// Of one operation on one level: what messages take, and the bus bandwidth, by their size.
LogChart sizes_chart(const std::vector<const SweepClass*>& classes,
                     const BandwidthDocument& document) {
  const SweepClass& first = *classes.front();
  LogChart chart;
  chart.title = fmt::format("{}, {}", to_string(first.op), to_string(first.level));
  chart.x_label = "message";
  chart.x_unit = "B";
  chart.evidence = to_string(document.evidence);
  chart.caption =
      "Medians; upright lines from the 10th to the 90th percentile, of several pairs "
      "from the fastest to the slowest.";
  chart.columns = 2;
  chart.panels = {{"time", "time", "s", {}}, {"bus bandwidth", "bus bandwidth", "B/s", {}}};
  for (const SweepClass* one : classes) {
    chart.series.push_back({.name = one->text()});
    auto& times = chart.panels[0].lines.emplace_back();
    auto& bandwidths = chart.panels[1].lines.emplace_back();
    for (const MeasuredSize& size : measured_sizes(*one)) {
      LogChart::Point time{.x = size.bytes, .y = size.time_s};
      LogChart::Point bandwidth{.x = size.bytes, .y = size.bus_bytes_per_s};
      if (size.low_s > 0 && size.high_s > 0) {
        time.low = size.low_s;
        time.high = size.high_s;
        bandwidth.low = size.bus_bytes_per_s * size.time_s / size.high_s;
        bandwidth.high = size.bus_bytes_per_s * size.time_s / size.low_s;
      }
      times.push_back(std::move(time));
      // A collective of one rank moves nothing over a bus.
      if (size.bus_bytes_per_s > 0) bandwidths.push_back(std::move(bandwidth));
    }
  }
  if (std::all_of(chart.panels[1].lines.begin(), chart.panels[1].lines.end(),
                  [](const auto& line) { return line.empty(); })) {
    chart.panels.pop_back();
  }
  return chart;
}

void add_sizes(const BandwidthDocument& document, HtmlSection& section) {
  const std::vector<SweepClass> classes = sweep_classes(document);
  std::map<std::pair<LinkLevel, CommunicationOp>, std::vector<const SweepClass*>> charts;
  HtmlTable table{"Latency and bandwidth",
                  {{"level"},
                   {"operation"},
                   {"among"},
                   {"interconnect"},
                   {"smallest, B", true},
                   {"time of it, s", true},
                   {"largest, B", true},
                   {"bus bandwidth, B/s", true},
                   {"shape"},
                   {"largest deviation", true},
                   {"wrong values", true},
                   {"missed"}},
                  {}};
  for (const SweepClass& one : classes) {
    charts[{one.level, one.op}].push_back(&one);
    const std::vector<MeasuredSize> sizes = measured_sizes(one);
    std::vector<double> plateaus;
    std::set<std::string> interconnects, unmet;
    double deviation = 0;
    std::int64_t wrong = 0;
    bool verified = false;
    for (const Sweep* sweep : one.sweeps) {
      plateaus.push_back(plateau_of(*sweep).bytes_per_s);
      interconnects.insert(sweep->interconnect.empty() ? sweep->transport : sweep->interconnect);
      for (const BandwidthPoint& point : sweep->points) {
        deviation = std::max(deviation, point.time.rel_stdev);
        wrong += point.wrong.value_or(0);
        verified = verified || point.wrong.has_value();
        if (!point.unmet.empty()) unmet.insert(format_bytes(point.bytes));
      }
    }
    if (sizes.empty()) continue;
    table.rows.push_back(
        {{std::string(to_string(one.level))},
         {std::string(to_string(one.op))},
         {one.text()},
         {fmt::format("{}", fmt::join(interconnects, ", "))},
         bytes_cell(sizes.front().bytes),
         seconds_cell(sizes.front().time_s),
         bytes_cell(sizes.back().bytes),
         bandwidth_cell(median_of(plateaus)),
         {std::string(to_string(plateau_of(*one.sweeps.front()).shape))},
         deviation > 0 ? percent_cell(deviation) : no_cell(),
         verified ? integer_cell(wrong) : no_cell(),
         {unmet.empty() ? ""
                        : fmt::format("noise that was asked for, at {} sizes", unmet.size())}});
    if (wrong > 0) {
      section.warning(
          fmt::format("{} {}: {} values were wrong.", to_string(one.op), one.text(), wrong));
    }
  }
  for (const auto& [key, of_chart] : charts) {
    const LogChart chart = sizes_chart(of_chart, document);
    section.figure(fmt::format("{}-{}", to_string(key.second), to_string(key.first)), svg(chart));
  }
  if (!table.rows.empty()) section.table(table);
}

std::string end_text(const BandwidthDocument& document, const SuspectEnd& end) {
  if (end.host.empty()) return rank_name(document, end.ranks.front());
  return fmt::format("{} (ranks {})", end.host, fmt::join(end.ranks, ", "));
}

/// What stands out, as sentences, and as remarks of the links by their ranks.
struct Remarks {
  std::vector<std::string> sentences;
  std::map<std::pair<int, int>, std::string> links;
};

Remarks remarks_on(const BandwidthDocument& document, const LinkMatrix& matrix,
                   const LinkFindings& findings) {
  Remarks out;
  for (const SuspectEnd& end : findings.ends) {
    out.sentences.push_back(fmt::format("{} {} at {:.2f} times the usual bandwidth on all links.",
                                        end_text(document, end), to_string(end.role), end.ratio));
    for (const MeasuredLink& link : matrix.links) {
      const auto is_end = [&](int rank) {
        return std::find(end.ranks.begin(), end.ranks.end(), rank) != end.ranks.end();
      };
      const bool sends = end.role != SuspectEnd::Role::kReceives && is_end(link.from);
      const bool receives = end.role != SuspectEnd::Role::kSends && is_end(link.to);
      if (sends || receives) out.links[{link.from, link.to}] = "a slow end";
    }
  }
  for (const OutlierLink& one : findings.links) {
    const std::string text = fmt::format("{:.2f} times what is usual", one.ratio);
    out.links[{one.link.from, one.link.to}] = text;
    out.sentences.push_back(fmt::format("{} to {}: {}, {}.", rank_name(document, one.link.from),
                                        rank_name(document, one.link.to),
                                        format_bandwidth(one.link.bytes_per_s), text));
  }
  for (const AsymmetricPair& pair : findings.asymmetric) {
    const std::string text = fmt::format("{:.2f} times the way back", pair.ratio);
    out.links[{pair.slow.from, pair.slow.to}] = text;
    out.sentences.push_back(fmt::format("{} to {}: {}, {}.", rank_name(document, pair.slow.from),
                                        rank_name(document, pair.slow.to),
                                        format_bandwidth(pair.slow.bytes_per_s), text));
  }
  return out;
}

/// Of ranks, or where those are too many to be told apart, of machines: then with the medians of
/// their links.
PairMatrixChart matrix_chart(const BandwidthDocument& document, const LinkMatrix& matrix,
                             const Remarks& remarks) {
  constexpr std::size_t kMostRanks = 96;
  std::set<int> ranks;
  double most = 0;
  for (const MeasuredLink& link : matrix.links) {
    ranks.insert({link.from, link.to});
    most = std::max(most, link.bytes_per_s);
  }
  const bool by_host = ranks.size() > kMostRanks && document.ranks.size() > kMostRanks;
  const PlotUnit unit = bandwidth_unit(most);
  PairMatrixChart chart;
  chart.title =
      fmt::format("Bandwidth between {}, {}", by_host ? "machines" : "pairs", matrix.name);
  chart.unit = unit.name;
  chart.evidence = to_string(document.evidence);
  chart.caption = matrix.both_ways ? "Both directions at once have one figure."
                                   : "Median over the largest sizes.";
  std::map<std::string, std::size_t> places;
  std::map<int, std::size_t> place_of;
  for (const int rank : ranks) {
    const std::string name =
        by_host ? document.ranks[static_cast<std::size_t>(rank)].host : rank_name(document, rank);
    const auto [place, added] = places.emplace(name, chart.ends.size());
    if (added) chart.ends.push_back(name);
    place_of[rank] = place->second;
  }
  struct Pooled {
    std::vector<double> values;
    std::string remark;
  };
  std::map<std::pair<std::size_t, std::size_t>, Pooled> cells;
  for (const MeasuredLink& link : matrix.links) {
    const std::size_t from = place_of[link.from], to = place_of[link.to];
    const auto remark = remarks.links.find({link.from, link.to});
    for (const auto& ends : matrix.both_ways ? std::vector{std::pair(from, to), {to, from}}
                                             : std::vector{std::pair(from, to)}) {
      Pooled& cell = cells[ends];
      cell.values.push_back(unit.of(link.bytes_per_s));
      if (remark != remarks.links.end()) cell.remark = remark->second;
    }
  }
  for (const auto& [ends, cell] : cells) {
    chart.cells.push_back(
        {ends.first, ends.second, median_of(cell.values), !cell.remark.empty(), cell.remark});
  }
  return chart;
}

void add_matrix(const BandwidthDocument& document, const LinkMatrix& matrix, HtmlSection& section) {
  section.heading(fmt::format("Pairs {}", matrix.name));
  const LinkFindings findings = find_outliers(matrix, document);
  const Remarks remarks = remarks_on(document, matrix, findings);
  if (!findings.unjudged.empty()) {
    section.paragraph(fmt::format("{} links, usually {}; not judged: {}.", matrix.links.size(),
                                  format_bandwidth(findings.typical_bytes_per_s),
                                  findings.unjudged));
  } else {
    section.paragraph(fmt::format("{} links, usually {} ± {}; beyond {:.1f} times that stands out.",
                                  matrix.links.size(),
                                  format_bandwidth(findings.typical_bytes_per_s),
                                  percent_text(findings.spread), findings.bound));
    if (remarks.sentences.empty()) section.paragraph("None stands out.");
  }
  for (const std::string& sentence : remarks.sentences) section.warning(sentence);
  for (const std::string& pair : matrix.left_out) section.paragraph("Left out: ranks " + pair);

  section.figure("pairs-" + matrix.name, svg(matrix_chart(document, matrix, remarks)));
}

void add_overlaps(const BandwidthDocument& document, HtmlSection& section) {
  HtmlTable table{"A matrix product and an operation at the same time",
                  {{"operation"},
                   {"ranks", true},
                   {"message, B", true},
                   {"matrix", true},
                   {"dtype"},
                   {"product alone, s", true},
                   {"slowed by", true},
                   {"operation alone, s", true},
                   {"slowed by", true},
                   {"coefficient", true}},
                  {}};
  for (const OverlapMeasurement& one : document.overlaps) {
    table.rows.push_back({{std::string(to_string(one.op))},
                          integer_cell(one.world_size),
                          bytes_cell(one.bytes),
                          integer_cell(one.matrix_size),
                          {one.dtype},
                          seconds_cell(one.compute_alone.median_s),
                          number_cell(one.compute_slowdown()),
                          seconds_cell(one.communication_alone.median_s),
                          number_cell(one.communication_slowdown()),
                          number_cell(one.coefficient())});
  }
  if (!table.rows.empty()) section.table(table);
}

void add_ranks(const BandwidthDocument& document, HtmlSection& section) {
  HtmlTable ranks{"Ranks", {{"rank", true}, {"host"}, {"device"}, {"type"}, {"zone"}}, {}};
  for (std::size_t r = 0; r < document.ranks.size(); ++r) {
    const BandwidthRank& rank = document.ranks[r];
    ranks.rows.push_back({integer_cell(static_cast<long long>(r)),
                          {rank.host},
                          {rank.device},
                          {rank.gpu},
                          {rank.zone}});
  }
  if (!ranks.rows.empty()) section.table(ranks);
  HtmlTable failures{
      "Sizes that could not be measured", {{"sweep"}, {"message, B", true}, {"reason"}}, {}};
  for (const Sweep& sweep : document.sweeps) {
    for (const BandwidthFailure& failure : sweep.failures) {
      failures.rows.push_back({{sweep.text()}, bytes_cell(failure.bytes), {failure.reason}});
    }
  }
  if (!failures.rows.empty()) section.table(failures);
}

}  // namespace

void add_bandwidth_view(const JsonDocument& document, const ReportInputs&,
                        std::vector<HtmlSection>& sections) {
  const BandwidthDocument bandwidth = bandwidth_document_from(document.root());
  HtmlSection section("Measured bandwidth", document.file(),
                      std::string(to_string(bandwidth.evidence)));
  std::set<std::string> hosts;
  for (const BandwidthRank& rank : bandwidth.ranks) hosts.insert(rank.host);
  Facts facts = {{"tool", bandwidth.tool_version.empty()
                              ? bandwidth.tool
                              : fmt::format("{} {}", bandwidth.tool, bandwidth.tool_version)}};
  if (!bandwidth.backend.empty()) facts.emplace_back("backend", bandwidth.backend);
  if (!bandwidth.ranks.empty()) {
    facts.emplace_back("ranks", fmt::format("{}", bandwidth.ranks.size()));
    facts.emplace_back("machines", fmt::format("{}", hosts.size()));
  }
  facts.emplace_back("sweeps", fmt::format("{}", bandwidth.sweeps.size()));
  section.facts(facts);
  if (!bandwidth.complete) section.warning("Measuring ended early; what it has is shown.");
  for (const std::string& problem : bandwidth.problems) section.warning(problem);
  add_sizes(bandwidth, section);
  for (const LinkMatrix& matrix : link_matrices(bandwidth)) {
    if (!matrix.links.empty()) add_matrix(bandwidth, matrix, section);
  }
  add_overlaps(bandwidth, section);
  add_ranks(bandwidth, section);
  if (!bandwidth.provenance.empty()) section.facts(provenance_facts(bandwidth.provenance));
  sections.push_back(std::move(section));
}

}  // namespace sextant
