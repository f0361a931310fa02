#include <memory>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/model/zoo.h"
#include "analyzer/profile/estimate_points.h"
#include "analyzer/profile/gather.h"
#include "cli/profile_parts.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::string gpu;
  std::string model;
  std::string dtype = "bf16";
  std::string database;
  RooflineOptions options;
};

int estimate(const Arguments& arguments, const Session& session) {
  const ModelDescription model = model_named(arguments.model);
  RooflineOptions options = arguments.options;
  options.dtype = data_type_from(arguments.dtype);
  GatherOptions target;
  target.model = model.name;
  target.gpu = canonical_gpu_name(arguments.gpu);
  target.db_dir = arguments.database;
  const GatherReport report =
      enter_points(target, estimate_points(model, gpu_named(target.gpu), options));
  if (session.json) {
    OrderedJson out = {{"schema", schema_id("gathered")},
                       {"model", target.model},
                       {"gpu", target.gpu},
                       {"database", report.file.string()},
                       {"evidence", "estimated"},
                       {"points", OrderedJson::array()}};
    for (const GatherReport::Merged& merged : report.merged) {
      const PointDocument& point = report.database.points.at(merged.key).point;
      out["points"].push_back({{"variant", merged.key.variant},
                               {"seq_len", merged.key.seq_len},
                               {"tp", merged.key.tp},
                               {"microbatch", merged.key.microbatch},
                               {"forward_backward_s", point.total_s()},
                               {"outcome", to_string(merged.outcome)}});
    }
    print(json_text(out));
    return 0;
  }
  Table table({{"tp"}, {"mbs"}, {"fwd + bwd"}, {"", Table::Align::kLeft}});
  for (const GatherReport::Merged& merged : report.merged) {
    const PointDocument& point = report.database.points.at(merged.key).point;
    table.add_row({std::to_string(merged.key.tp), std::to_string(merged.key.microbatch),
                   format_seconds(point.total_s()), std::string(to_string(merged.outcome))});
  }
  print(fmt::format("{} on {}, {}: estimated from data-sheet figures, not measured\n\n{}\n{}\n",
                    target.model, target.gpu, report.merged.front().key.variant, table.text(),
                    "database: " + report.file.string()));
  return 0;
}

}  // namespace

void add_profile_estimate(CLI::App& profile, Session& session) {
  const auto arguments = std::make_shared<Arguments>();
  CLI::App* command = profile.add_subcommand(
      "estimate", "Estimate a profile from data-sheet figures, for a GPU nobody has measured");
  RooflineOptions& options = arguments->options;
  command->add_option("--gpu", arguments->gpu, "GPU type or alias")->required();
  command->add_option("--model", arguments->model, "Built-in model, or a model document (.json)")
      ->required();
  command
      ->add_option("--tp", options.tensor_degrees,
                   "Tensor degrees, 1,2,4; by default the legal powers of two within a node")
      ->delimiter(',')
      ->check(CLI::Range(1, 4096));
  command->add_option("--mbs", options.microbatches, "Microbatch sizes")
      ->delimiter(',')
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--dtype", arguments->dtype, "fp32, tf32, fp16 or bf16")
      ->capture_default_str();
  command->add_option("--seq", options.seq_len, "Tokens of a sequence; by default the model's own")
      ->check(CLI::Range(1, 1 << 30));
  command->add_flag("--recompute", options.recompute, "Run each block's forward again in backward");
  command->add_flag("--sequence-parallel", options.sequence_parallel,
                    "Split what tensor parallelism leaves whole");
  command
      ->add_option("-o,--output", arguments->database, "Database directory that it is entered in")
      ->required();
  add_common_options(*command, session);
  command->callback([&session, arguments] {
    session.action = [&session, arguments] { return estimate(*arguments, session); };
  });
}

}  // namespace sextant::cli
