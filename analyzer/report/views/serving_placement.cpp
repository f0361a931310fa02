#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/model/zoo.h"
#include "analyzer/report/flow_chart.h"
#include "analyzer/report/placement_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"
#include "analyzer/serving/documents/placement_document.h"
#include "analyzer/serving/documents/serving_input.h"

namespace sextant {

namespace {

/// What a placement's machines could carry, where their cluster is among the inputs.
class PlacementLimits {
 public:
  /// Knows nothing unless there is a cluster of that name with these machines, the model is a
  /// built-in one, and the placement too rests on what data sheets say.
  PlacementLimits(const PlacementDocument& placement, const ReportInputs& inputs) {
    const std::vector<std::string> models = zoo_names();
    if (placement.evidence != Evidence::kEstimated ||
        std::find(models.begin(), models.end(), placement.model) == models.end()) {
      return;
    }
    for (const auto& document : inputs.documents) {
      if (document->kind() != "cluster") continue;
      const auto name = document->root().find("name");
      if (!name || name->string() != placement.cluster) continue;
      ServingInputOptions options;
      options.cluster = document->file();
      options.model = placement.model;
      try {
        ServingInput input = read_serving_input(options);
        if (!has_machines(input, placement)) continue;
        throughput_ =
            typical_throughput(input.profiles, machines_of_type(input.cluster, input.profiles));
        input_ = std::move(input);
      } catch (const Error& error) {
        if (error.code() != ErrorCode::kBadInput) throw;
        problem_ = error.what();
      }
      return;
    }
  }

  /// Why a cluster of that name says nothing; "" where it does, or there is none.
  const std::string& problem() const { return problem_; }

  bool known() const { return input_.has_value(); }

  /// Tokens per second of a machine: what it computes, or its NIC carries of activations.
  std::optional<double> machine(const PlacementDocument::Machine& machine) const {
    if (!input_ || machine.layers.empty()) return std::nullopt;
    const auto type = static_cast<std::size_t>(input_->profiles.type_index(machine.type));
    const auto layers = static_cast<std::size_t>(machine.layers.layers());
    if (layers >= throughput_[type].size()) return std::nullopt;
    const MachineType& kind = input_->profiles.types[type];
    const double nic = std::min(kind.nic_in_bytes_per_s, kind.nic_out_bytes_per_s);
    return std::min(throughput_[type][layers], nic / hop_bytes());
  }

  /// Tokens that the machine's KV cache holds.
  std::optional<double> kv_tokens(const PlacementDocument::Machine& machine) const {
    if (!input_ || machine.layers.empty()) return std::nullopt;
    const auto type = static_cast<std::size_t>(input_->profiles.type_index(machine.type));
    const MachineType& kind = input_->profiles.types[type];
    const auto layers = static_cast<std::size_t>(machine.layers.layers());
    if (layers >= kind.kv_blocks.size()) return std::nullopt;
    return static_cast<double>(kKvBlockTokens * kind.kv_blocks[layers]);
  }

  /// Tokens per second of a link.
  std::optional<double> edge(const PlacementDocument::Edge& edge) const {
    if (!input_) return std::nullopt;
    const int from = index_of(edge.from);
    const int to = index_of(edge.to);
    const bool outer = from == kCoordinator || to == kCoordinator;
    for (const ServingLink& link : input_->cluster.links) {
      const bool same = link.from == from && link.to == to;
      const bool turned = !outer && link.from == to && link.to == from;
      if (!same && !turned) continue;
      return link.bytes_per_s / (outer ? input_->profiles.model.token_bytes : hop_bytes());
    }
    return std::nullopt;
  }

 private:
  static bool has_machines(const ServingInput& input, const PlacementDocument& placement) {
    return std::all_of(placement.machines.begin(), placement.machines.end(), [&](const auto& one) {
      return std::any_of(
          input.cluster.machines.begin(), input.cluster.machines.end(),
          [&](const auto& other) { return other.name == one.name && other.type == one.type; });
    });
  }
  double hop_bytes() const {
    return input_->profiles.model.token_bytes + input_->profiles.model.activation_bytes;
  }
  int index_of(const std::string& name) const {
    const auto& machines = input_->cluster.machines;
    const auto found = std::find_if(machines.begin(), machines.end(),
                                    [&](const auto& one) { return one.name == name; });
    return found == machines.end() ? kCoordinator : static_cast<int>(found - machines.begin());
  }

  std::optional<ServingInput> input_;
  std::string problem_;
  ThroughputTable throughput_;
};

/// Tokens per second that leave each machine.
std::map<std::string, double> flow_by_machine(const PlacementDocument& document) {
  std::map<std::string, double> flow;
  for (const PlacementDocument::Edge& edge : document.flow) flow[edge.from] += edge.tokens_per_s;
  return flow;
}

std::string layers_text(const LayerInterval& layers) {
  return fmt::format("layers {} to {}", layers.first, layers.end - 1);
}

/// The machines that hold layers, by first layer.
std::vector<PlacementDocument::Machine> used_machines(const PlacementDocument& document) {
  std::vector<PlacementDocument::Machine> used;
  for (const PlacementDocument::Machine& machine : document.machines) {
    if (!machine.layers.empty()) used.push_back(machine);
  }
  std::stable_sort(used.begin(), used.end(), [](const auto& a, const auto& b) {
    return std::pair(a.layers.first, a.layers.end) < std::pair(b.layers.first, b.layers.end);
  });
  return used;
}

FlowChart flow_chart(const PlacementDocument& document, const PlacementLimits& limits) {
  FlowChart chart;
  chart.title = fmt::format("Flow of {} through {}", document.model, document.cluster);
  chart.evidence = to_string(document.evidence);
  chart.caption =
      "A maximum flow of prompt and decode tokens together, as the scheduler shares requests out. ";
  chart.caption += limits.known()
                       ? "A bar in a box is how full the machine is."
                       : "Given with its cluster, a report also says what each machine can carry.";
  chart.unit = "tokens/s";
  chart.source = std::string(kCoordinatorName);
  for (const PlacementDocument::Machine& machine : document.machines) {
    chart.types.push_back(machine.type);
  }
  std::map<std::string, double> flow = flow_by_machine(document);
  std::map<std::string, int> index = {{std::string(kCoordinatorName), FlowChart::kOutside}};
  for (const PlacementDocument::Machine& machine : used_machines(document)) {
    index[machine.name] = static_cast<int>(chart.boxes.size());
    chart.boxes.push_back({machine.name, machine.type, layers_text(machine.layers),
                           flow[machine.name], limits.machine(machine)});
  }
  for (const PlacementDocument::Edge& edge : document.flow) {
    const auto from = index.find(edge.from);
    const auto to = index.find(edge.to);
    if (from == index.end() || to == index.end()) continue;  // of machines without layers
    const std::optional<double> most = limits.edge(edge);
    chart.edges.push_back({from->second, to->second, edge.tokens_per_s,
                           most && is_saturated(edge.tokens_per_s, *most)});
  }
  return chart;
}

PlacementChart layer_chart(const PlacementDocument& document) {
  PlacementChart chart;
  chart.title = fmt::format("Layers of {} on {}", document.model, document.cluster);
  chart.evidence = to_string(document.evidence);
  chart.caption = fmt::format("Placed by method {}.", document.method);
  chart.layers = document.layers;
  for (const PlacementDocument::Machine& machine : document.machines) {
    chart.machines.push_back(
        {machine.name, machine.type, machine.layers.first, machine.layers.end});
  }
  return chart;
}

HtmlTable machine_table(const PlacementDocument& document, const PlacementLimits& limits) {
  HtmlTable table{"machines",
                  {{"machine"},
                   {"type"},
                   {"first layer", true},
                   {"last layer", true},
                   {"layers", true},
                   {"flow, tokens/s", true}},
                  {}};
  if (limits.known()) {
    table.columns.push_back({"can carry, tokens/s", true});
    table.columns.push_back({"full, %", true});
    table.columns.push_back({"KV cache, tokens", true});
  }
  std::map<std::string, double> flow = flow_by_machine(document);
  for (const PlacementDocument::Machine& machine : document.machines) {
    const LayerInterval& layers = machine.layers;
    std::vector<HtmlTable::Cell> row = {{machine.name}, {machine.type}};
    if (layers.empty()) {
      row.insert(row.end(), {{"not used"}, {""}, count_cell(0), count_cell(0)});
    } else {
      row.insert(row.end(), {count_cell(layers.first), count_cell(layers.end - 1),
                             count_cell(layers.layers()), number_cell(flow[machine.name])});
    }
    if (limits.known()) {
      const std::optional<double> most = limits.machine(machine);
      row.push_back(number_cell(most));
      row.push_back(most && *most > 0 ? per_cent_cell(flow[machine.name] / *most)
                                      : HtmlTable::Cell{""});
      row.push_back(number_cell(limits.kv_tokens(machine)));
    }
    table.rows.push_back(std::move(row));
  }
  return table;
}

HtmlTable flow_table(const PlacementDocument& document, const PlacementLimits& limits) {
  HtmlTable table{"flow", {{"from"}, {"to"}, {"flow, tokens/s", true}}, {}};
  if (limits.known()) table.columns.push_back({"link can carry, tokens/s", true});
  for (const PlacementDocument::Edge& edge : document.flow) {
    table.rows.push_back({{edge.from}, {edge.to}, number_cell(edge.tokens_per_s)});
    if (limits.known()) table.rows.back().push_back(number_cell(limits.edge(edge)));
  }
  return table;
}

}  // namespace

void add_placement_view(const JsonDocument& document, const ReportInputs& inputs,
                        std::vector<HtmlSection>& sections) {
  const PlacementDocument placement = placement_document_from(document);
  const PlacementLimits limits(placement, inputs);
  HtmlSection section(fmt::format("Placement: {} on {}", placement.model, placement.cluster),
                      document.file(), std::string(to_string(placement.evidence)));
  const std::size_t used = used_machines(placement).size();
  std::vector<std::pair<std::string, std::string>> facts = {
      {"method", placement.method},
      {"flow", fmt::format("{:.1f} tokens/s", placement.flow_tokens_per_s)},
      {"no placement has more than",
       fmt::format("{:.1f} tokens/s", placement.upper_bound_tokens_per_s)},
      {"gap", placement.proved ? "proved: none has more flow"
                               : fmt::format("{:.1f} %", 100 * placement.gap())},
      {"machines", fmt::format("{} of {}", used, placement.machines.size())},
      {"layers", std::to_string(placement.layers)}};
  if (!placement.objective.empty()) {
    facts.insert(facts.begin() + 1,
                 {"objective", placement.objective == "served" ? "what requests get" : "flow"});
  }
  if (placement.partial_inference) facts.push_back({"partial inference", "yes"});
  section.facts(facts);
  if (!placement.complete) section.warning("Partial: the search was ended before it was done.");
  if (!limits.problem().empty()) {
    section.warning("What machines can carry is not known: " + limits.problem());
  }
  if (placement.objective == "served") {
    section.paragraph("Bound and gap are of the flow alone, which is not what was optimised.");
  }
  if (used > 0) {
    section.figure("layers by machine", svg(layer_chart(placement)));
    if (!placement.flow.empty()) section.figure("flow", svg(flow_chart(placement, limits)));
  }
  section.table(machine_table(placement, limits));
  if (!placement.flow.empty()) section.table(flow_table(placement, limits));
  sections.push_back(std::move(section));
}

}  // namespace sextant
