#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "launch/emit/serving/serving_exporters.h"
#include "launch/emit/serving/vllm_files.h"

namespace sextant {

namespace {

class VllmExport {
 public:
  VllmExport(const ServedNetwork& network, const ServingExportOptions& options)
      : network_(network), options_(options) {}

  void put(JobFolder& exported) const;

 private:
  const ServedNode& node(int n) const { return network_.nodes[static_cast<std::size_t>(n)]; }
  const std::string& type_of(int n) const {
    return network_.profiles.types[static_cast<std::size_t>(node(n).type)].name;
  }
  const std::string& host_of(int n) const;
  int gpus_of(int n) const;
  int gpus_of(const ServingPipeline& pipeline) const;
  std::string why_not(const ServingPipelines& found) const;
  std::vector<ServingPipeline> chosen(std::vector<std::string>& notes) const;
  std::vector<VllmPipeline> servers(const std::vector<ServingPipeline>& pipelines) const;

  const ServedNetwork& network_;
  const ServingExportOptions& options_;
};

const std::string& VllmExport::host_of(int n) const {
  const auto found = options_.hosts.find(node(n).name);
  const std::string& host = found == options_.hosts.end() ? node(n).name : found->second;
  if (host.empty() || host.front() == '-') {
    throw_bad_input(fmt::format("expected a host name or address of {}, found {}",
                                quote(node(n).name), quote(host)));
  }
  return host;
}

int VllmExport::gpus_of(int n) const {
  const std::string& type = type_of(n);
  const auto given = options_.gpus.find(type);
  if (given != options_.gpus.end()) return given->second;
  const std::size_t x = type.rfind('x');
  if (x == std::string::npos) return 1;
  int gpus = 0;
  const char* const end = type.data() + type.size();
  const auto [rest, error] = std::from_chars(type.data() + x + 1, end, gpus);
  return error == std::errc() && rest == end && gpus > 0 ? gpus : 1;
}

/// Of each machine of the pipeline: vLLM has one tensor degree for all stages.
int VllmExport::gpus_of(const ServingPipeline& pipeline) const {
  const int first = pipeline.nodes.front();
  for (const int n : pipeline.nodes) {
    if (gpus_of(n) == gpus_of(first)) continue;
    throw_infeasible(fmt::format(
        "vLLM has one tensor degree for all stages of a pipeline, but {} (type {}) has {} GPUs and "
        "{} (type {}) {}; nearest is a placement whose pipelines keep to machines with equally "
        "many GPUs",
        quote(node(first).name), quote(type_of(first)), gpus_of(first), quote(node(n).name),
        quote(type_of(n)), gpus_of(n)));
  }
  return gpus_of(first);
}

std::string VllmExport::why_not(const ServingPipelines& found) const {
  std::string why = fmt::format(
      "vLLM runs pipelines that share no machine, and the placement is no set of them: {}",
      found.reason);
  if (found.pipelines.empty()) return why + "; no pipeline goes through all layers";
  why += fmt::format("; nearest {} with {} of the {} machines",
                     found.pipelines.size() == 1
                         ? "is one pipeline"
                         : fmt::format("are {} pipelines", found.pipelines.size()),
                     network_.nodes.size() - found.left_out.size(), network_.nodes.size());
  constexpr std::size_t kShown = 3;
  for (std::size_t p = 0; p < std::min(found.pipelines.size(), kShown); ++p) {
    std::vector<std::string> chain;
    for (const int n : found.pipelines[p].nodes) {
      chain.push_back(fmt::format("{} [{}, {})", quote(node(n).name), node(n).layers.first,
                                  node(n).layers.end));
    }
    why += fmt::format("{} {}", p == 0 ? ":" : ";", fmt::join(chain, " -> "));
  }
  return found.pipelines.size() > kShown ? why + "; …" : why;
}

std::vector<ServingPipeline> VllmExport::chosen(std::vector<std::string>& notes) const {
  ServingPipelines found = disjoint_pipelines(network_);
  if (!found.reason.empty()) {
    if (found.pipelines.empty() || !options_.nearest) throw_infeasible(why_not(found));
    std::vector<std::string> names;
    for (const int n : found.left_out) names.push_back(quote(node(n).name));
    notes.push_back(fmt::format(
        "this is not the placement, which is no set of disjoint pipelines ({}); left out: {}",
        found.reason, fmt::join(names, ", ")));
  }
  return std::move(found.pipelines);
}

std::vector<VllmPipeline> VllmExport::servers(const std::vector<ServingPipeline>& pipelines) const {
  constexpr int kPorts = 65536;
  const int last = static_cast<int>(pipelines.size()) - 1;
  if (std::min(options_.port, options_.master_port) < 1 ||
      std::max(options_.port, options_.master_port) + last >= kPorts) {
    throw_usage(fmt::format("{} pipelines have no ports from {} and from {} on", pipelines.size(),
                            options_.port, options_.master_port));
  }
  std::map<std::string, std::string> machine_of_host;
  std::vector<VllmPipeline> servers;
  for (const ServingPipeline& pipeline : pipelines) {
    VllmPipeline server;
    const int index = static_cast<int>(servers.size());
    server.number = index + 1;
    server.gpus = gpus_of(pipeline);
    server.port = options_.port + index;
    server.master_port = options_.master_port + index;
    server.flow_tokens_per_s = pipeline.flow_tokens_per_s;
    for (const int n : pipeline.nodes) {
      const auto [other, fresh] = machine_of_host.emplace(host_of(n), node(n).name);
      if (!fresh) {
        throw_bad_input(fmt::format("{} and {} have the same host, {}", quote(other->second),
                                    quote(node(n).name), quote(host_of(n))));
      }
      server.stages.push_back({node(n).name, type_of(n), host_of(n), node(n).layers,
                               node(n).kv_capacity_layer_tokens / node(n).layers.layers()});
    }
    servers.push_back(std::move(server));
  }
  return servers;
}

void VllmExport::put(JobFolder& exported) const {
  if (options_.model_path.empty()) {
    throw_usage("vLLM needs to know what it is to serve: the model's path or repository");
  }
  const std::vector<ServingPipeline> pipelines = chosen(exported.notes);
  const std::vector<VllmPipeline> started = servers(pipelines);
  double flow = 0;
  double carried = 0;
  for (const ServedLink& link : network_.links) {
    if (link.from == kCoordinator) flow += link.flow_tokens_per_s;
  }
  for (const ServingPipeline& pipeline : pipelines) carried += pipeline.flow_tokens_per_s;
  if (flow - carried > 1e-6 * flow) {
    exported.notes.push_back(fmt::format(
        "of {:.1f} tokens/s, {:.1f} go from one pipeline to another or through machines that are "
        "left out; vLLM's pipelines keep their requests",
        flow, flow - carried));
  }
  exported.notes.push_back(
      "vLLM does not choose between pipelines: put a load balancer with the weights in front");
  exported.notes.push_back(
      "vLLM gives all stages of a pipeline equally many blocks of the KV cache, as many as the one "
      "with the least memory left has room for");
  for (const VllmPipeline& pipeline : started) {
    for (std::size_t s = 0; s < pipeline.stages.size(); ++s) {
      exported.files[vllm_stage_path(pipeline, s)] =
          vllm_stage_script(pipeline, s, options_.model_path);
    }
  }
  exported.files["start_by_ssh.sh"] = vllm_start_script(started);
  exported.files["README"] = vllm_readme(started, network_.profiles.model, exported.notes);
}

}  // namespace

void put_vllm(const ServedNetwork& network, const ServingExportOptions& options,
              JobFolder& exported) {
  VllmExport(network, options).put(exported);
}

}  // namespace sextant
