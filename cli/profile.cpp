#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/profile_check.h"
#include "analyzer/profile/profile_grid.h"
#include "analyzer/profile/serving_db.h"
#include "cli/commands.h"
#include "cli/profile_parts.h"

namespace sextant::cli {

namespace {

using Align = Table::Align;

/// A point to look up; none where microbatch is 0.
struct Place {
  std::string variant;
  int tp = 1;
  int microbatch = 0;
};

Evidence weakest(const ProfileDatabase& database) {
  Evidence evidence = Evidence::kMeasuredGpu;
  for (const auto& [key, entry] : database.points) {
    evidence = weaker(evidence, entry.point.evidence);
  }
  return evidence;
}

/// 10th to 90th percentile as a share of the median.
std::string spread_text(const PointDocument& point) {
  if (!point.has_spread()) return "-";
  const double median = point.total_s();
  return fmt::format("-{:.1f} +{:.1f} %", 100 * (1 - point.total_s(&TimeSummary::p10_s) / median),
                     100 * (point.total_s(&TimeSummary::p90_s) / median - 1));
}

std::string memory_text(const PointDocument& point, double LayerKindProfile::*bytes) {
  double total = 0;
  for (const LayerRun& run : point.sequence) {
    total += run.count * (point.kinds[static_cast<std::size_t>(run.kind)].*bytes);
  }
  return format_bytes(total);
}

std::string points_text(const ProfileDatabase& database) {
  std::string out = fmt::format("{} on {}\n\n", quote(database.model), quote(database.gpu));
  Table table({{"variant", Align::kLeft},
               {"seq"},
               {"tp"},
               {"mbs"},
               {"status", Align::kLeft},
               {"fwd + bwd"},
               {"spread"},
               {"parameters"},
               {"activations"},
               {"evidence", Align::kLeft}});
  for (const auto& [key, entry] : database.points) {
    const PointDocument& point = entry.point;
    const bool ok = point.status == PointStatus::kOk;
    table.add_row({key.variant, key.seq_len > 0 ? std::to_string(key.seq_len) : "-",
                   std::to_string(key.tp), std::to_string(key.microbatch),
                   std::string(to_string(point.status)), ok ? format_seconds(point.total_s()) : "-",
                   ok ? spread_text(point) : "-",
                   ok ? memory_text(point, &LayerKindProfile::parameter_bytes) : "-",
                   ok ? memory_text(point, &LayerKindProfile::saved_activation_bytes) : "-",
                   std::string(to_string(point.evidence))});
  }
  out += table.text();
  for (const std::string& gap : database.describe_gaps()) out += "gap: " + gap + "\n";
  for (const PointDocument* point : database.failures()) {
    out += fmt::format("{}: {}: {}\n", to_string(point->status), point->key.text(),
                       quote(point->reason, 200));
  }
  return out;
}

std::string overview_text(const std::vector<ProfileDatabase>& databases) {
  Table table({{"model", Align::kLeft},
               {"GPU type", Align::kLeft},
               {"variants", Align::kLeft},
               {"points"},
               {"gaps"},
               {"failures"},
               {"evidence", Align::kLeft}});
  for (const ProfileDatabase& database : databases) {
    table.add_row(
        {database.model, database.gpu, fmt::format("{}", fmt::join(database.variants(), ", ")),
         std::to_string(database.points.size()), std::to_string(database.gaps().size()),
         std::to_string(database.failures().size()), std::string(to_string(weakest(database)))});
  }
  return table.text();
}

int show_point(const ProfileDatabase& database, const Place& place, const Session& session) {
  const std::string variant = chosen_variant(database, place.variant);
  const ModelProfile profile = model_profile_of(database.points_of(variant));
  const LookedUpPoint found = look_up(profile, database.gpu, place.tp, place.microbatch);
  double forward_s = 0;
  double backward_s = 0;
  for (const LayerTime& layer : found.point.layers) {
    forward_s += layer.forward_s;
    backward_s += layer.backward_s;
  }
  if (session.json) {
    print(json_text({{"schema", schema_id("profile_point")},
                     {"model", database.model},
                     {"gpu", database.gpu},
                     {"variant", variant},
                     {"tp", place.tp},
                     {"microbatch", place.microbatch},
                     {"forward_s", forward_s},
                     {"backward_s", backward_s},
                     {"interpolated", found.interpolated},
                     {"note", found.note},
                     {"evidence", to_string(found.point.evidence)},
                     {"source", found.point.source}}));
    return 0;
  }
  print(fmt::format("{} on {}, {}, tp {}, microbatch {}: forward {}, backward {} ({}{}{})\n",
                    quote(database.model), quote(database.gpu), variant, place.tp, place.microbatch,
                    format_seconds(forward_s), format_seconds(backward_s),
                    to_string(found.point.evidence), found.interpolated ? ", " : "", found.note));
  return 0;
}

/// One line for each serving profile that lies beside the database.
std::string serving_text(const std::filesystem::path& source, const ProfileDatabase& database) {
  std::string out;
  for (const std::filesystem::path& file :
       {source / "serving.json", serving_database_path(source, database.model, database.gpu)}) {
    if (!std::filesystem::is_regular_file(file)) continue;
    for (const auto& [key, profile] : read_serving_database(file).profiles) {
      const ServingLimits limits = profile.limits();
      out += profile.status == PointStatus::kOk
                 ? fmt::format(
                       "serving: {}: prefill up to {} tokens, decode up to batch {} and "
                       "context {} ({})\n",
                       key.text(), limits.prefill_tokens, limits.decode_batch,
                       limits.decode_context, to_string(profile.evidence))
                 : fmt::format("serving: {}: {}: {}\n", key.text(), to_string(profile.status),
                               quote(profile.reason, 200));
    }
  }
  return out;
}

int show(const ProfileSelection& selection, const Place& place, const Session& session) {
  std::vector<std::string> notes;
  const std::vector<ProfileDatabase> databases = select_profiles(selection, session, notes);
  if (place.microbatch > 0) {
    if (databases.size() > 1) throw_usage("to look up a point, name one --model and one --gpu");
    return show_point(databases.front(), place, session);
  }
  if (session.json) {
    OrderedJson out = {{"schema", schema_id("profiles")}, {"profiles", OrderedJson::array()}};
    for (const ProfileDatabase& database : databases) {
      out["profiles"].push_back(OrderedJson::parse(database_text(database)));
    }
    out["notes"] = notes;
    print(json_text(out));
    return 0;
  }
  std::string text;
  if (databases.size() > 1) {
    text = overview_text(databases);
  } else {
    text = points_text(databases.front());
    if (!selection.source.empty()) text += serving_text(selection.source, databases.front());
  }
  for (const std::string& note : notes) text += "note: " + note + "\n";
  print(text);
  return 0;
}

int check(const ProfileSelection& selection, const Session& session) {
  std::vector<std::string> notes;
  const std::vector<ProfileDatabase> databases = select_profiles(selection, session, notes);
  OrderedJson rows = OrderedJson::array();
  std::string text;
  std::size_t points = 0;
  std::size_t errors = 0;
  for (const ProfileDatabase& database : databases) {
    points += database.points.size();
    for (const Finding& finding : check_database(database, largest_plausible_flops(database.gpu))) {
      const bool is_error = finding.severity == Finding::Severity::kError;
      errors += is_error ? 1 : 0;
      const char* severity = is_error ? "error" : "warning";
      rows.push_back({{"severity", severity}, {"place", finding.place}, {"finding", finding.text}});
      text += fmt::format("{}: {}: {}\n", severity, finding.place, finding.text);
    }
  }
  for (const std::string& note : notes) text += "note: " + note + "\n";
  const std::size_t warnings = rows.size() - errors;
  if (session.json) {
    print(json_text({{"schema", schema_id("profile_check")},
                     {"profiles", databases.size()},
                     {"points", points},
                     {"errors", errors},
                     {"warnings", warnings},
                     {"findings", rows},
                     {"notes", notes}}));
  } else {
    print(text + fmt::format("{} points of {} profiles: {} errors, {} warnings\n", points,
                             databases.size(), errors, warnings));
  }
  return errors == 0 ? 0 : static_cast<int>(ErrorCode::kBadInput);
}

void add_show_and_check(CLI::App& profile, Session& session) {
  const auto selection = std::make_shared<ProfileSelection>();
  CLI::App* show_command = profile.add_subcommand("show", "List profiles, or one profile's points");
  add_profile_selection(*show_command, selection);
  const auto place = std::make_shared<Place>();
  CLI::Option* microbatch =
      show_command
          ->add_option("--mbs", place->microbatch,
                       "Look up this microbatch size, interpolated between measured ones")
          ->check(CLI::Range(1, 1 << 20));
  show_command->add_option("--tp", place->tp, "Tensor degree to look up")
      ->check(CLI::Range(1, 4096))
      ->needs(microbatch)
      ->capture_default_str();
  show_command->add_option("--variant", place->variant, "Variant to look up")->needs(microbatch);
  add_common_options(*show_command, session);
  show_command->callback([&session, selection, place] {
    session.action = [&session, selection, place] { return show(*selection, *place, session); };
  });
  CLI::App* check_command = profile.add_subcommand(
      "check", "Report implausible times, gaps and failures; exit 3 where a time cannot be");
  add_profile_selection(*check_command, selection);
  add_common_options(*check_command, session);
  check_command->callback([&session, selection] {
    session.action = [&session, selection] { return check(*selection, session); };
  });
}

}  // namespace

void add_profile_command(CLI::App& program, Session& session) {
  CLI::App* profile = program.add_subcommand("profile", "Measured and estimated layer costs");
  profile->require_subcommand(1);
  add_show_and_check(*profile, session);
  add_profile_compare(*profile, session);
  add_profile_estimate(*profile, session);
  add_profile_export(*profile, session);
}

}  // namespace sextant::cli
