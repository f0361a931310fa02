#include "tests/serving/simulation/flattened_input.h"

#include <fstream>
#include <stdexcept>
#include <utility>

namespace sextant {

namespace {

constexpr double kNic_bytes_per_s = 10e9;
constexpr double kDisk_bytes_per_s = 1e9;

std::ifstream opened(const std::filesystem::path& path) {
  std::ifstream file(path);
  if (!file) throw std::runtime_error("no file " + path.string());
  return file;
}

TimeCurve curve(std::istream& from, int points) {
  std::vector<std::pair<double, double>> list(static_cast<std::size_t>(points));
  for (auto& [n, seconds] : list) from >> n >> seconds;
  return TimeCurve(std::move(list), "flattened input");
}

}  // namespace

ServedNetwork flattened_input(const std::filesystem::path& artifact, const std::string& name) {
  std::ifstream file = opened(artifact / "sim_inputs" / (name + ".txt"));
  ServedNetwork network;
  ServedModel& model = network.profiles.model;
  double unused = 0;
  int count = 0;
  file >> unused >> model.layers >> model.activation_bytes >> model.token_bytes >> unused >> count;
  model.layer_bytes = model.layers == 80 ? 1.53e9 : 1e9;
  for (int i = 0; i < count; ++i) {
    MachineType type;
    int prompt_points = 0;
    int decode_points = 0;
    file >> type.name >> prompt_points >> decode_points;
    type.prompt_s = curve(file, prompt_points);
    type.decode_s = curve(file, decode_points);
    network.profiles.types.push_back(std::move(type));
  }
  file >> count;
  constexpr int kFirstUid = 2;
  for (int i = 0; i < count; ++i) {
    ServedNode node;
    int uid = 0;
    file >> uid >> node.type >> node.layers.first >> node.layers.end >>
        node.kv_capacity_layer_tokens >> node.prompt_max_requests >> node.prompt_max_tokens >>
        node.decode_max_context_tokens >> node.decode_max_requests;
    if (uid != i + kFirstUid) throw std::runtime_error("nodes are not in order");
    node.name = "compute_node_" + std::to_string(uid);
    node.machine = i;
    node.nic_in_bytes_per_s = node.nic_out_bytes_per_s = kNic_bytes_per_s;
    node.disk_bytes_per_s = kDisk_bytes_per_s;
    network.nodes.push_back(std::move(node));
  }
  file >> count;
  for (int i = 0; i < count; ++i) {
    ServedLink link;
    int from = 0;
    int to = 0;
    file >> from >> to >> link.latency_s >> link.bytes_per_s >> link.flow_tokens_per_s >> unused;
    link.from = from < kFirstUid ? kCoordinator : from - kFirstUid;
    link.to = to < kFirstUid ? kCoordinator : to - kFirstUid;
    network.links.push_back(link);
  }
  if (!file) throw std::runtime_error("cannot read " + name);
  network.coordinator_in_bytes_per_s = network.coordinator_out_bytes_per_s = kNic_bytes_per_s;
  return network;
}

std::vector<RequestLength> conversation_lengths(const std::filesystem::path& artifact) {
  std::ifstream file = opened(artifact / "traces" / "azure_conv_lengths.csv");
  std::string header;
  std::getline(file, header);
  std::vector<RequestLength> lengths;
  RequestLength length;
  char comma = 0;
  while (file >> length.input_tokens >> comma >> length.output_tokens) lengths.push_back(length);
  return lengths;
}

ServedNetwork chain_of_machines(int machines, int layers_each, double kv_tokens) {
  ServedNetwork network;
  ServedModel& model = network.profiles.model;
  model.layers = machines * layers_each;
  model.layer_bytes = 1e9;
  model.activation_bytes = 16384;
  MachineType type;
  type.name = "A";
  type.prompt_s = TimeCurve({{0, 0}, {1000, 0.005}, {8000, 0.04}}, "prompt");
  type.decode_s = TimeCurve({{0, 0}, {2, 0.001}, {100, 0.003}}, "decode");
  network.profiles.types.push_back(std::move(type));
  for (int i = 0; i <= machines; ++i) {
    const int from = i == 0 ? kCoordinator : i - 1;
    const int to = i == machines ? kCoordinator : i;
    network.links.push_back({from, to, 0.001, 1e9, 1000});
    if (i == machines) break;
    ServedNode node;
    node.name = "machine " + std::to_string(i);
    node.machine = i;
    node.layers = {i * layers_each, (i + 1) * layers_each};
    node.kv_capacity_layer_tokens = kv_tokens * layers_each;
    node.prompt_max_requests = 4;
    node.prompt_max_tokens = 8192;
    node.decode_max_requests = 100;
    node.decode_max_context_tokens = 100000;
    node.nic_in_bytes_per_s = node.nic_out_bytes_per_s = kNic_bytes_per_s;
    node.disk_bytes_per_s = kDisk_bytes_per_s;
    network.nodes.push_back(std::move(node));
  }
  network.coordinator_in_bytes_per_s = network.coordinator_out_bytes_per_s = kNic_bytes_per_s;
  return network;
}

}  // namespace sextant
