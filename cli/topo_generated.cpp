#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/model/zoo.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

namespace {

/// The axes that were named, then the others as usual.
AxisOrder order_of(const std::vector<std::string>& names) {
  std::vector<ParallelAxis> axes;
  const auto add = [&](ParallelAxis axis) {
    if (std::find(axes.begin(), axes.end(), axis) != axes.end()) return false;
    axes.push_back(axis);
    return true;
  };
  for (const std::string& name : names) {
    const auto found = std::find(kParallelAxisNames.begin(), kParallelAxisNames.end(), name);
    const bool known = found != kParallelAxisNames.end();
    if (!known || !add(static_cast<ParallelAxis>(found - kParallelAxisNames.begin()))) {
      throw_usage(fmt::format("--order: expected each of {} at most once, found {}",
                              fmt::join(kParallelAxisNames, ", "), quote(name)));
    }
  }
  for (const ParallelAxis axis : kUsualAxisOrder) add(axis);
  AxisOrder order{};
  std::copy(axes.begin(), axes.end(), order.begin());
  return order;
}

}  // namespace

void add_generated_options(CLI::App& command, GeneratedArguments& arguments) {
  CLI::Option* model =
      command
          .add_option("--model", arguments.model,
                      "Generate the workload of this model instead: built-in, or a document")
          ->excludes("--workload");
  command.add_option("--gpu", arguments.gpu, "GPU type that computes it")->needs(model);
  const auto add_count = [&](const char* name, auto& value, const char* help) {
    command.add_option(name, value, help)
        ->check(CLI::Range(1, kMostTopologyNpus))
        ->needs(model)
        ->type_name("N");
  };
  Parallelism& parallelism = arguments.parallelism;
  add_count("--tp", parallelism.tensor, "Tensor-parallel degree (default: 1)");
  add_count("--ep", parallelism.expert, "Expert-parallel degree, within --dp (default: 1)");
  add_count("--pp", parallelism.pipeline, "Pipeline stages (default: 1)");
  add_count("--dp", arguments.data, "Replicas (default: as many as the network holds)");
  add_count("--mbs", parallelism.microbatch, "Sequences in a microbatch (default: 1)");
  add_count("--microbatches", parallelism.microbatches,
            "Microbatches of each pipeline in a step (default: 1)");
  add_count("--seq-len", parallelism.seq_len, "Tokens in a sequence (default: the model's)");
  command
      .add_flag("--recompute", parallelism.recompute,
                "Keep a block's input only and run its forward again")
      ->needs(model);
  command
      .add_option("--order", arguments.order,
                  "From the innermost dimension outwards (default: tensor,expert,data,pipeline)")
      ->delimiter(',')
      ->needs(model)
      ->type_name("AXIS,...");
}

PlacedWorkload generated_workload(const GeneratedArguments& arguments, const Topology& topology) {
  if (arguments.gpu.empty()) throw_usage("--model needs --gpu: what computes it");
  const AxisOrder order = order_of(arguments.order);
  Parallelism parallelism = arguments.parallelism;
  const long long others = static_cast<long long>(parallelism.tensor) * parallelism.pipeline;
  if (!arguments.data && topology.npus() % others != 0) {
    throw_bad_input(fmt::format("topology {}: its {} NPUs are no multiple of --tp x --pp = {}",
                                quote(topology.name), topology.npus(), others));
  }
  parallelism.data = arguments.data.value_or(static_cast<int>(topology.npus() / others));
  return generate_placed_workload(model_named(arguments.model), parallelism,
                                  gpu_named(arguments.gpu), topology, order);
}

}  // namespace sextant::cli
