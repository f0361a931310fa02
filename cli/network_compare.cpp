#include <memory>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/network/compare/link_outliers.h"
#include "analyzer/network/compare/peak_comparison.h"
#include "analyzer/network/compare/run_comparison.h"
#include "analyzer/network/import/import_bandwidth.h"
#include "cli/network_parts.h"

namespace sextant::cli {

namespace {

using Align = Table::Align;

struct Arguments {
  std::string sweep;
  std::string baseline;
  std::string peak;
  ImportOptions options;
};

/// All that is said of one document.
struct Findings {
  BandwidthDocument document;
  std::vector<PeakComparison> peaks;
  std::vector<LinkMatrix> matrices;
  std::vector<LinkFindings> links;  ///< one for each matrix
  std::optional<RunComparison> runs;
};

/// "rank 3 (host n1)".
std::string rank_text(const BandwidthDocument& document, int rank) {
  const auto index = static_cast<std::size_t>(rank);
  if (index >= document.ranks.size() || document.ranks[index].host.empty()) {
    return fmt::format("rank {}", rank);
  }
  return fmt::format("rank {} (host {})", rank, document.ranks[index].host);
}

std::string end_text(const BandwidthDocument& document, const SuspectEnd& end) {
  if (end.host.empty()) return rank_text(document, end.ranks.front());
  return fmt::format("host {} (ranks {})", end.host, fmt::join(end.ranks, ", "));
}

std::string link_text(const BandwidthDocument& document, const LinkMatrix& matrix,
                      const MeasuredLink& link) {
  return fmt::format("{} {} {}", rank_text(document, link.from), matrix.both_ways ? "and" : "to",
                     rank_text(document, link.to));
}

OrderedJson link_json(const MeasuredLink& link) {
  return {{"from", link.from}, {"to", link.to}, {"bytes_per_s", link.bytes_per_s}};
}

OrderedJson peak_json(const PeakComparison& row) {
  OrderedJson out = {
      {"sweep", row.what},
      {"level", to_string(row.level)},
      {"links", row.links},
      {"plateau_bytes_per_s", row.plateau.bytes_per_s},
      {"plateau_bytes", {bytes_json(row.plateau.from_bytes), bytes_json(row.plateau.to_bytes)}},
      {"plateau_points", row.plateau.points},
      {"shape", to_string(row.plateau.shape)}};
  if (row.peak) {
    out["peak"] = {{"name", row.peak->name},
                   {"bytes_per_s", row.peak->bytes_per_s},
                   {"source", row.peak->source}};
    if (row.peak->payload_fraction) out["peak"]["payload_fraction"] = *row.peak->payload_fraction;
    out["fraction"] = row.fraction;
  }
  out["verdict"] = to_string(row.verdict);
  out["reason"] = row.reason;
  return out;
}

OrderedJson runs_json(const RunComparison& runs) {
  OrderedJson out = {{"sweeps", OrderedJson::array()},
                     {"only_in_a", runs.only_in_a},
                     {"only_in_b", runs.only_in_b}};
  for (const SweepComparison& row : runs.sweeps) {
    OrderedJson sweep = {{"sweep", row.what}, {"verdict", to_string(row.verdict)}};
    if (!row.sizes.empty()) sweep["change"] = row.change;
    if (row.change_low) {
      sweep["change_low"] = *row.change_low;
      sweep["change_high"] = *row.change_high;
    }
    sweep["sizes"] = OrderedJson::array();
    for (const SizeComparison& size : row.sizes) {
      sweep["sizes"].push_back({{"bytes", bytes_json(size.bytes)},
                                {"a_s", size.a_s},
                                {"b_s", size.b_s},
                                {"change", size.change},
                                {"verdict", to_string(size.verdict)}});
    }
    sweep["only_in_a_bytes"] = row.only_in_a;
    sweep["only_in_b_bytes"] = row.only_in_b;
    out["sweeps"].push_back(std::move(sweep));
  }
  return out;
}

OrderedJson class_json(const LinkMatrix& matrix, const LinkFindings& findings) {
  OrderedJson out = {{"class", matrix.name},
                     {"both_ways", matrix.both_ways},
                     {"links", matrix.links.size()},
                     {"left_out", matrix.left_out}};
  if (!matrix.links.empty()) out["typical_bytes_per_s"] = findings.typical_bytes_per_s;
  out["judged"] = findings.unjudged.empty();
  if (!findings.unjudged.empty()) {
    out["reason"] = findings.unjudged;
  } else {
    out["spread"] = findings.spread;
    out["bound"] = findings.bound;
  }
  out["suspects"] = OrderedJson::array();
  for (const SuspectEnd& end : findings.ends) {
    OrderedJson row = {{"ranks", end.ranks}};
    if (!end.host.empty()) row["host"] = end.host;
    row["role"] = to_string(end.role);
    row["ratio"] = end.ratio;
    out["suspects"].push_back(std::move(row));
  }
  out["outliers"] = OrderedJson::array();
  for (const OutlierLink& link : findings.links) {
    OrderedJson row = link_json(link.link);
    row["ratio"] = link.ratio;
    row["score"] = link.score;
    out["outliers"].push_back(std::move(row));
  }
  out["asymmetric"] = OrderedJson::array();
  for (const AsymmetricPair& pair : findings.asymmetric) {
    out["asymmetric"].push_back({{"slow", link_json(pair.slow)},
                                 {"fast", link_json(pair.fast)},
                                 {"ratio", pair.ratio},
                                 {"score", pair.score}});
  }
  return out;
}

OrderedJson findings_json(const Findings& findings) {
  OrderedJson out = {{"schema", schema_id("network_comparison")},
                     {"evidence", to_string(findings.document.evidence)},
                     {"peaks", OrderedJson::array()},
                     {"link_classes", OrderedJson::array()}};
  for (const PeakComparison& row : findings.peaks) out["peaks"].push_back(peak_json(row));
  for (std::size_t i = 0; i < findings.matrices.size(); ++i) {
    out["link_classes"].push_back(class_json(findings.matrices[i], findings.links[i]));
  }
  if (findings.runs) out["runs"] = runs_json(*findings.runs);
  return out;
}

std::string peaks_text(const std::vector<PeakComparison>& rows) {
  Table table({{"sweep", Align::kLeft},
               {"links"},
               {"bus bandwidth"},
               {"peak"},
               {"of it"},
               {"which is", Align::kLeft},
               {"verdict", Align::kLeft}});
  std::string reasons;
  for (const PeakComparison& row : rows) {
    table.add_row({row.what, std::to_string(row.links), format_bandwidth(row.plateau.bytes_per_s),
                   row.peak ? format_bandwidth(row.peak->bytes_per_s) : "-",
                   row.peak ? fmt::format("{:.0f} %", 100 * row.fraction) : "-",
                   row.peak ? row.peak->name : "-", std::string(to_string(row.verdict))});
    if (!row.reason.empty()) reasons += fmt::format("{}: {}\n", row.what, row.reason);
  }
  return table.empty() ? "" : table.text() + reasons;
}

std::string percent(double change) {
  return fmt::format("{:+.1f} %", 100 * change);
}

std::string runs_text(const RunComparison& runs) {
  Table table(
      {{"sweep", Align::kLeft}, {"bytes"}, {"A"}, {"B"}, {"change"}, {"B is", Align::kLeft}});
  Table totals({{"sweep", Align::kLeft},
                {"sizes"},
                {"change"},
                {"between", Align::kLeft},
                {"B is", Align::kLeft}});
  std::string left;
  for (const SweepComparison& row : runs.sweeps) {
    for (const SizeComparison& size : row.sizes) {
      table.add_row({row.what, format_bytes(size.bytes), format_seconds(size.a_s),
                     format_seconds(size.b_s), percent(size.change),
                     std::string(to_string(size.verdict))});
    }
    totals.add_row(
        {row.what, std::to_string(row.sizes.size()), row.sizes.empty() ? "-" : percent(row.change),
         row.change_low
             ? fmt::format("{} and {}", percent(*row.change_low), percent(*row.change_high))
             : "-",
         std::string(to_string(row.verdict))});
    for (const double bytes : row.only_in_a) {
      left += fmt::format("only in A: {} at {}\n", row.what, format_bytes(bytes));
    }
    for (const double bytes : row.only_in_b) {
      left += fmt::format("only in B: {} at {}\n", row.what, format_bytes(bytes));
    }
  }
  for (const std::string& what : runs.only_in_a) left += "only in A: " + what + "\n";
  for (const std::string& what : runs.only_in_b) left += "only in B: " + what + "\n";
  return table.text() + "\n" + totals.text() + left;
}

std::string class_text(const BandwidthDocument& document, const LinkMatrix& matrix,
                       const LinkFindings& findings) {
  std::string out = fmt::format("{} links {}", matrix.links.size(), matrix.name);
  if (!matrix.links.empty()) {
    out += fmt::format(", usually {}", format_bandwidth(findings.typical_bytes_per_s));
  }
  if (!findings.unjudged.empty()) {
    out += fmt::format(": not judged, {}\n", findings.unjudged);
  } else {
    out += fmt::format(", ± {:.1f} %; beyond {:.1f} times that stands out\n", 100 * findings.spread,
                       findings.bound);
  }
  for (const SuspectEnd& end : findings.ends) {
    out += fmt::format("  {} {} at {:.2f} times the usual bandwidth on all links\n",
                       end_text(document, end), to_string(end.role), end.ratio);
  }
  for (const OutlierLink& link : findings.links) {
    out += fmt::format("  {}: {}, {:.2f} times what is usual\n",
                       link_text(document, matrix, link.link),
                       format_bandwidth(link.link.bytes_per_s), link.ratio);
  }
  for (const AsymmetricPair& pair : findings.asymmetric) {
    out +=
        fmt::format("  {}: {}, {:.2f} times the way back\n", link_text(document, matrix, pair.slow),
                    format_bandwidth(pair.slow.bytes_per_s), pair.ratio);
  }
  const bool quiet = findings.ends.empty() && findings.links.empty() && findings.asymmetric.empty();
  if (findings.unjudged.empty() && quiet) out += "  none stands out\n";
  for (const std::string& pair : matrix.left_out) out += "  left out: ranks " + pair + "\n";
  return out;
}

std::string findings_text(const Findings& findings) {
  std::string out = peaks_text(findings.peaks);
  for (std::size_t i = 0; i < findings.matrices.size(); ++i) {
    out += "\n" + class_text(findings.document, findings.matrices[i], findings.links[i]);
  }
  if (findings.runs) out += "\n" + runs_text(*findings.runs);
  return out;
}

int compare(const Arguments& arguments, const Session& session) {
  const ImportContext context = import_context(arguments.options);
  Findings findings;
  findings.document = import_bandwidth(arguments.sweep, context);
  findings.matrices = link_matrices(findings.document);
  for (const LinkMatrix& matrix : findings.matrices) {
    findings.links.push_back(find_outliers(matrix, findings.document));
  }
  findings.peaks = compare_with_peaks(findings.document, findings.matrices, arguments.peak);
  if (!arguments.baseline.empty()) {
    findings.runs = compare_runs(import_bandwidth(arguments.baseline, context), findings.document);
  }
  if (findings.peaks.empty() && findings.matrices.empty()) {
    throw_bad_input(
        fmt::format("{}: expected a sweep with a measured size, found none", arguments.sweep));
  }
  for (const std::string& problem : findings.document.problems) {
    fmt::print(stderr, "note: {}\n", problem);
  }
  print(session.json ? json_text(findings_json(findings)) : findings_text(findings));
  return 0;
}

}  // namespace

void add_network_compare(CLI::App& network, Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = network.add_subcommand(
      "compare", "Judge measured links: against their peak, each other and a baseline run");
  command
      ->add_option("SWEEP", arguments->sweep,
                   "Bandwidth document, or a file that `import` reads; B beside a baseline")
      ->required();
  command->add_option("BASELINE", arguments->baseline, "An earlier run of the same, A");
  command->add_option(
      "--peak", arguments->peak,
      "What all that is sent together could have at most: \"8 x NDR\", \"100 GbE\", "
      "\"12.5 GB/s\"");
  add_import_options(*command, arguments->options);
  add_common_options(*command, session);
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return compare(*arguments, session); };
  });
}

}  // namespace sextant::cli
