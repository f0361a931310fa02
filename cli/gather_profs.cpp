// gather_profs: point files of a profiling sweep -> the profile database, and the published
// artifact's layout where --sailor-parent-dir asks for it.

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/export/sailor_export.h"
#include "analyzer/profile/gather.h"
#include "cli/commands.h"
#include "cli/program.h"

namespace {

using namespace sextant;
using Align = Table::Align;

constexpr const char* kFooter = R"(
Exit codes: 0 all files were merged; 5 some were, others are listed with the reason, or a gathered
point had ended in an error or a timeout (out of memory is an answer, not a failure); 3 nothing was
usable, or two measurements of one point conflict: the database is then as it was.)";

struct Arguments {
  GatherOptions options;
  std::string merge = "error";
  std::string sailor_dir;
  std::string variant;
  bool json = false;
};

/// The checkout under the given directory, which the artifact's own script takes the parent of.
std::filesystem::path artifact_root(const std::filesystem::path& directory) {
  const std::filesystem::path checkout = directory / "sailor";
  return std::filesystem::exists(checkout / "sailor" / "Planner") ? checkout : directory;
}

std::vector<std::filesystem::path> export_to_artifact(const Arguments& arguments,
                                                      const GatherReport& report) {
  std::string variant = arguments.variant;
  if (report.merged.empty()) throw_usage("the artifact's layout has no place for serving profiles");
  if (variant.empty()) {
    const std::vector<std::string> gathered = report.variants();
    if (gathered.size() != 1) {
      throw_usage(
          fmt::format("the artifact's layout holds one variant; choose with --variant among {}",
                      fmt::join(gathered, ", ")));
    }
    variant = gathered.front();
  }
  return write_sailor_layout(artifact_root(arguments.sailor_dir),
                             report.database.points_of(variant));
}

std::string text_of(const GatherReport& report, const std::filesystem::path& directory,
                    const std::vector<std::filesystem::path>& written) {
  Table table({{"variant", Align::kLeft},
               {"seq"},
               {"tp"},
               {"mbs"},
               {"status", Align::kLeft},
               {"fwd + bwd"},
               {"merge", Align::kLeft},
               {"source", Align::kLeft}});
  for (const GatherReport::Merged& merged : report.merged) {
    const PointDocument& point = report.database.points.at(merged.key).point;
    const bool ok = point.status == PointStatus::kOk;
    table.add_row({merged.key.variant,
                   merged.key.seq_len > 0 ? std::to_string(merged.key.seq_len) : "-",
                   std::to_string(merged.key.tp), std::to_string(merged.key.microbatch),
                   std::string(to_string(point.status)), ok ? format_seconds(point.total_s()) : "-",
                   std::string(to_string(merged.outcome)),
                   std::filesystem::path(merged.source).lexically_relative(directory).string()});
  }
  std::string out = report.merged.empty() ? "" : table.text();
  const auto section = [&](const std::string& title, const std::vector<std::string>& lines) {
    if (lines.empty()) return;
    out += fmt::format("\n{}:\n", title);
    for (const std::string& line : lines) out += "  " + line + "\n";
  };
  std::vector<std::string> serving;
  for (const GatherReport::MergedServing& merged : report.merged_serving) {
    serving.push_back(fmt::format("{}: {}, {}", merged.key.text(),
                                  to_string(report.serving.profiles.at(merged.key).status),
                                  to_string(merged.outcome)));
  }
  section("Serving profiles", serving);
  section("Gaps in the grid", report.database.describe_gaps());
  std::vector<std::string> failures;
  for (const PointDocument* point : report.database.failures()) {
    failures.push_back(fmt::format("{}: {}: {}", point->key.text(), to_string(point->status),
                                   quote(point->reason, 200)));
  }
  section("Points without times", failures);
  std::vector<std::string> refused;
  for (const auto& [file, reason] : report.refused) refused.push_back(reason);
  section("Files that were not taken", refused);
  section("Notes", report.notes);
  std::vector<std::string> holdings;
  if (!report.database.points.empty()) {
    holdings.push_back(
        fmt::format("{} points in {}", report.database.points.size(), report.file.string()));
  }
  if (!report.serving.profiles.empty()) {
    holdings.push_back(fmt::format("{} serving profiles in {}", report.serving.profiles.size(),
                                   report.serving_file.string()));
  }
  out += fmt::format("\n{}", fmt::join(holdings, "; "));
  if (report.skipped > 0) out += fmt::format("; {} other files passed over", report.skipped);
  out += "\n";
  for (const auto& path : written) out += fmt::format("wrote {}\n", path.string());
  return out;
}

OrderedJson json_of(const GatherReport& report, const std::vector<std::filesystem::path>& written) {
  OrderedJson out = {{"schema", schema_id("gathered")},
                     {"model", report.database.model},
                     {"gpu", report.database.gpu},
                     {"database", report.file.string()},
                     {"points", OrderedJson::array()},
                     {"refused", OrderedJson::array()},
                     {"skipped_files", report.skipped},
                     {"gaps", report.database.gaps().size()},
                     {"failures", report.database.failures().size()},
                     {"notes", report.notes},
                     {"artifact_files", OrderedJson::array()}};
  for (const GatherReport::Merged& merged : report.merged) {
    out["points"].push_back(
        {{"variant", merged.key.variant},
         {"seq_len", merged.key.seq_len},
         {"tp", merged.key.tp},
         {"microbatch", merged.key.microbatch},
         {"status", to_string(report.database.points.at(merged.key).point.status)},
         {"outcome", to_string(merged.outcome)},
         {"source", merged.source}});
  }
  if (!report.serving.profiles.empty()) out["serving_database"] = report.serving_file.string();
  for (const GatherReport::MergedServing& merged : report.merged_serving) {
    out["serving"].push_back({{"variant", merged.key.variant},
                              {"tp", merged.key.tp},
                              {"status", to_string(report.serving.profiles.at(merged.key).status)},
                              {"outcome", to_string(merged.outcome)},
                              {"source", merged.source}});
  }
  for (const auto& [file, reason] : report.refused) {
    out["refused"].push_back({{"file", file}, {"reason", reason}});
  }
  for (const auto& path : written) out["artifact_files"].push_back(path.string());
  return out;
}

int run(Arguments& arguments) {
  GatherOptions& options = arguments.options;
  options.merge = merge_policy_from(arguments.merge);
  options.gpu_in_files = options.gpu;
  options.gpu = shipped_gpu_name(options.gpu);
  options.peak_flops = largest_plausible_flops(options.gpu);
  const GatherReport report = gather(options);
  std::vector<std::filesystem::path> written;
  if (!arguments.sailor_dir.empty()) written = export_to_artifact(arguments, report);
  cli::print(arguments.json ? json_text(json_of(report, written))
                            : text_of(report, options.profile_dir, written));
  const bool complete =
      report.refused.empty() && report.failed.empty() && report.failed_serving.empty();
  return complete ? 0 : static_cast<int>(ErrorCode::kPartial);
}

}  // namespace

int main(int argc, char** argv) {
  Arguments arguments;
  GatherOptions& options = arguments.options;
  options.db_dir = "profiles/measured";
  CLI::App program("Gathers the point files of a profiling sweep into the profile database.",
                   "gather_profs");
  program.footer(kFooter);
  program.add_option("--model-name", options.model, "Model that was profiled")->required();
  program.add_option("--gpu-type", options.gpu, "GPU type it was profiled on, or an alias")
      ->required();
  program
      .add_option(
          "--profile-dir", options.profile_dir,
          "Directory of profile_<model>_<gpu>_<tp>_<mbs>.json, or a checkout of the artifact")
      ->required();
  program.add_option("--db", options.db_dir, "Database directory")->capture_default_str();
  program
      .add_option("--merge", arguments.merge,
                  "Two measurements of one point: error, newest or median")
      ->capture_default_str();
  program.add_option("--sailor-parent-dir", arguments.sailor_dir,
                     "Also write profile.json, llm_info.json and profiles_tmp.json into the "
                     "artifact's checkout here (or in its subdirectory sailor)");
  program.add_option("--variant", arguments.variant,
                     "Which variant of the database the artifact's layout gets");
  program.add_flag("--json", arguments.json, "Print one JSON document");
  return cli::program_main(program, argc, argv, [&arguments] { return run(arguments); });
}
