#include "analyzer/profile/profile_compare.h"

#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/profile/profile_source.h"
#include "cli/profile_parts.h"

namespace sextant::cli {

namespace {

using Align = Table::Align;

struct Arguments {
  std::string a;
  std::string b;
  std::string model;
  std::string gpu;
};

ProfileDatabase single(const std::string& path, const Arguments& arguments) {
  std::vector<ProfileDatabase> found = read_databases(path, arguments.model, arguments.gpu);
  if (found.size() > 1) {
    throw_usage(
        fmt::format("{} holds {} profiles; choose with --model and --gpu", path, found.size()));
  }
  return std::move(found.front());
}

int compare(const Arguments& arguments, const Session& session) {
  const ProfileComparison result =
      compare_profiles(single(arguments.a, arguments), single(arguments.b, arguments));
  if (session.json) {
    OrderedJson out = {{"schema", schema_id("profile_comparison")},
                       {"points", OrderedJson::array()},
                       {"only_in_a", result.only_in_a},
                       {"only_in_b", result.only_in_b}};
    for (const PointComparison& row : result.points) {
      out["points"].push_back({{"variant", row.key.variant},
                               {"seq_len", row.key.seq_len},
                               {"tp", row.key.tp},
                               {"microbatch", row.key.microbatch},
                               {"a_s", row.a_s},
                               {"b_s", row.b_s},
                               {"change", row.change},
                               {"verdict", to_string(row.verdict)}});
    }
    print(json_text(out));
    return 0;
  }
  Table table({{"variant", Align::kLeft},
               {"tp"},
               {"mbs"},
               {"A"},
               {"B"},
               {"change"},
               {"B is", Align::kLeft}});
  for (const PointComparison& row : result.points) {
    table.add_row({row.key.variant, std::to_string(row.key.tp), std::to_string(row.key.microbatch),
                   format_seconds(row.a_s), format_seconds(row.b_s),
                   fmt::format("{:+.1f} %", 100 * row.change),
                   std::string(to_string(row.verdict))});
  }
  std::string text = table.text();
  for (const std::string& key : result.only_in_a) text += "only in A: " + key + "\n";
  for (const std::string& key : result.only_in_b) text += "only in B: " + key + "\n";
  print(text);
  return 0;
}

}  // namespace

void add_profile_compare(CLI::App& profile, Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = profile.add_subcommand(
      "compare", "Judge profile B against A point by point, by their stored spreads");
  command->add_option("A", arguments->a, "Database or point document, or database directory")
      ->required();
  command->add_option("B", arguments->b, "The same")->required();
  command->add_option("--model", arguments->model, "Model, where a directory has several");
  command->add_option("--gpu", arguments->gpu, "GPU type, where a directory has several");
  add_common_options(*command, session);
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return compare(*arguments, session); };
  });
}

}  // namespace sextant::cli
