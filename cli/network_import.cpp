#include <algorithm>
#include <memory>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/table.h"
#include "analyzer/network/compare/plateau.h"
#include "analyzer/network/import/import_bandwidth.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/gpu_device_name.h"
#include "cli/network_parts.h"

namespace sextant::cli {

namespace {

/// nccl-tests prints a device's name without its memory, which many names hold: "NVIDIA
/// A100-SXM4-80GB".
std::string type_of_device(std::string_view name) {
  std::vector<GpuSpec> shipped;
  for (const std::string& type : gpu_names()) shipped.push_back(gpu_named(type));
  const GpuTypeMatch match = match_gpu_type(name, std::nullopt, shipped);
  return match.settled ? match.candidates.front() : "";
}

struct Arguments {
  std::vector<std::string> files;
  std::string output;
  ImportOptions options;
};

int import_files(const Arguments& arguments, const Session& session) {
  const ImportContext context = import_context(arguments.options);
  std::vector<BandwidthDocument> documents;
  for (const std::string& file : arguments.files) {
    documents.push_back(import_bandwidth(file, context));
  }
  const BandwidthDocument document = merge_bandwidth(std::move(documents));
  for (const std::string& problem : document.problems) fmt::print(stderr, "note: {}\n", problem);
  const std::string text = bandwidth_document_text(document);
  if (arguments.output.empty()) {
    print(text);
    return 0;
  }
  write_file_atomically(arguments.output, text);
  return show_bandwidth(document, session);
}

OrderedJson sweep_json(const Sweep& sweep) {
  OrderedJson out = {{"sweep", sweep.text()},
                     {"op", to_string(sweep.op)},
                     {"pattern", to_string(sweep.pattern)},
                     {"world_size", sweep.world_size},
                     {"level", to_string(sweep.level)}};
  if (!sweep.gpu.empty()) out["gpu"] = sweep.gpu;
  if (!sweep.interconnect.empty()) out["interconnect"] = sweep.interconnect;
  out["points"] = sweep.points.size();
  out["failures"] = sweep.failures.size();
  if (sweep.points.empty()) return out;
  out["smallest_bytes"] = bytes_json(sweep.points.front().bytes);
  out["smallest_s"] = sweep.points.front().time.median_s;
  out["largest_bytes"] = bytes_json(sweep.points.back().bytes);
  const Plateau plateau = plateau_of(sweep);
  out["plateau_bytes_per_s"] = plateau.bytes_per_s;
  out["shape"] = to_string(plateau.shape);
  return out;
}

/// How many values of a sweep were wrong, "" where nobody looked.
std::string wrong_text(const Sweep& sweep) {
  std::int64_t wrong = 0;
  bool looked = false;
  for (const BandwidthPoint& point : sweep.points) {
    looked = looked || point.wrong.has_value();
    wrong += point.wrong.value_or(0);
  }
  return looked ? std::to_string(wrong) : "-";
}

std::string summary_text(const BandwidthDocument& document) {
  using Align = Table::Align;
  Table table({{"sweep", Align::kLeft},
               {"level", Align::kLeft},
               {"GPU", Align::kLeft},
               {"sizes"},
               {"from"},
               {"to"},
               {"least time"},
               {"bus bandwidth"},
               {"shape", Align::kLeft},
               {"wrong"}});
  for (const Sweep& sweep : document.sweeps) {
    std::vector<std::string> row = {sweep.text(), std::string(to_string(sweep.level)),
                                    sweep.gpu.empty() ? "-" : sweep.gpu,
                                    std::to_string(sweep.points.size())};
    if (sweep.points.empty()) {
      for (const char* cell : {"-", "-", "-", "-", "failed", "-"}) row.emplace_back(cell);
    } else {
      const Plateau plateau = plateau_of(sweep);
      const auto least = std::min_element(
          sweep.points.begin(), sweep.points.end(),
          [](const auto& a, const auto& b) { return a.time.median_s < b.time.median_s; });
      row.push_back(format_bytes(sweep.points.front().bytes));
      row.push_back(format_bytes(sweep.points.back().bytes));
      row.push_back(format_seconds(least->time.median_s));
      row.push_back(format_bandwidth(plateau.bytes_per_s));
      row.emplace_back(to_string(plateau.shape));
      row.push_back(wrong_text(sweep));
    }
    table.add_row(std::move(row));
  }
  std::string out = document.tool;
  if (!document.tool_version.empty()) out += " " + document.tool_version;
  out += fmt::format(", {}, {} ranks\n", to_string(document.evidence), document.ranks.size());
  if (!table.empty()) out += "\n" + table.text();
  for (const Sweep& sweep : document.sweeps) {
    for (const BandwidthFailure& failure : sweep.failures) {
      out +=
          fmt::format("{} at {}: {}\n", sweep.text(), format_bytes(failure.bytes), failure.reason);
    }
  }
  for (const OverlapMeasurement& overlap : document.overlaps) {
    out += fmt::format(
        "{} of {} beside a matrix product of {}: {:.2f} times as long, the product {:.2f} times\n",
        to_string(overlap.op), format_bytes(overlap.bytes), overlap.matrix_size,
        overlap.communication_slowdown(), overlap.compute_slowdown());
  }
  return out;
}

}  // namespace

void add_import_options(CLI::App& command, ImportOptions& options) {
  command.add_option("--op", options.op,
                     fmt::format("Operation of a foreign file that does not name it: {}",
                                 fmt::join(kCommunicationOpNames, ", ")));
  command.add_option("--world-size", options.world_size, "Ranks, where the file does not say")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--level", options.level,
                  "Level of the links, by default from the ranks' machines")
      ->check(
          CLI::IsMember(std::vector<std::string>(kLinkLevelNames.begin(), kLinkLevelNames.end())));
  command.add_option("--gpu", options.gpu, "GPU type of all ranks, by default from their names");
  command.add_option("--from-zone", options.from_zone, "Zone that sends");
  command.add_option("--to-zone", options.to_zone, "Zone that receives");
  command.add_option("--interconnect", options.interconnect,
                     "What the links are, as in \"NVLink 4\" or \"8 x NDR\"");
}

ImportContext import_context(const ImportOptions& options) {
  ImportContext context;
  if (!options.op.empty()) context.op = communication_op_from(options.op);
  if (options.world_size > 0) context.world_size = options.world_size;
  const auto* const level =
      std::find(kLinkLevelNames.begin(), kLinkLevelNames.end(), options.level);
  if (level != kLinkLevelNames.end()) {
    context.level = static_cast<LinkLevel>(level - kLinkLevelNames.begin());
  }
  if (options.from_zone.empty() != options.to_zone.empty()) {
    throw_usage("--from-zone and --to-zone belong together");
  }
  if (!options.from_zone.empty() &&
      context.level.value_or(LinkLevel::kBetweenZones) != LinkLevel::kBetweenZones) {
    throw_usage("zones are of --level between_zones");
  }
  if (options.from_zone.empty() && context.level == LinkLevel::kBetweenZones) {
    throw_usage("--level between_zones needs --from-zone and --to-zone");
  }
  context.from_zone = options.from_zone;
  context.to_zone = options.to_zone;
  context.interconnect = options.interconnect;
  // A type of one's own is taken as it is; one that is shipped under another name, by its own.
  context.gpu = options.gpu;
  if (!options.gpu.empty()) {
    if (const auto spec = find_gpu(options.gpu)) context.gpu = spec->name;
  }
  context.gpu_type_of = type_of_device;
  return context;
}

int show_bandwidth(const BandwidthDocument& document, const Session& session) {
  if (!session.json) {
    print(summary_text(document));
    return 0;
  }
  OrderedJson out = {{"schema", schema_id("bandwidth_summary")},
                     {"tool", document.tool},
                     {"evidence", to_string(document.evidence)},
                     {"complete", document.complete},
                     {"problems", document.problems},
                     {"ranks", document.ranks.size()},
                     {"overlaps", document.overlaps.size()},
                     {"sweeps", OrderedJson::array()}};
  for (const Sweep& sweep : document.sweeps) out["sweeps"].push_back(sweep_json(sweep));
  print(json_text(out));
  return 0;
}

void add_network_import(CLI::App& network, Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = network.add_subcommand(
      "import",
      "Make a bandwidth document of what nccl-tests, the Sailor artifact or several runs "
      "measured");
  command
      ->add_option("FILE", arguments->files,
                   "nccl-tests' text or JSON output, data_<W>.csv, or bandwidth documents")
      ->required();
  command->add_option("-o,--output", arguments->output,
                      "Document to write; without it, it goes to stdout");
  add_import_options(*command, arguments->options);
  add_common_options(*command, session);
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return import_files(*arguments, session); };
  });
}

}  // namespace sextant::cli
