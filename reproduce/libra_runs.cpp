#include "reproduce/libra_runs.h"

#include <cctype>
#include <map>
#include <string_view>
#include <tuple>

#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

constexpr std::string_view kPriceOnly = "microAllReduce.txt";
constexpr double kMicrosecond = 1e-6;

using Key = std::tuple<std::string, std::string, std::vector<double>, std::vector<double>>;

Key key_of(const std::string& config, const std::string& workload, const JsonNode& link_gb_per_s,
           const JsonNode& links) {
  return {config, workload, link_gb_per_s.numbers(), links.numbers()};
}

std::map<Key, double> read_records(const std::filesystem::path& artifact) {
  const JsonDocument document = JsonDocument::read(artifact / "reference_results.json");
  const JsonNode all = document.root().at("astra_sim");
  std::map<Key, double> recorded_s;
  for (const char* set : {"small", "full_subset"}) {
    for (const JsonNode& run : all.at(set).elements()) {
      recorded_s[key_of(run.at("config").string(), run.at("workload").string(), run.at("link_bw"),
                        run.at("links"))] = run.at("step_time_us").positive() * kMicrosecond;
    }
  }
  return recorded_s;
}

std::vector<int> counts(const JsonNode& node) {
  std::vector<int> out;
  for (const JsonNode& one : node.elements()) out.push_back(one.count());
  return out;
}

std::string upper(std::string text) {
  for (char& letter : text) letter = static_cast<char>(std::toupper(letter));
  return text;
}

/// The first word of a file's name that follows `prefix`.
std::string word_of(const std::string& file, std::string_view prefix) {
  const std::size_t from = file.starts_with(prefix) ? prefix.size() : 0;
  return upper(file.substr(from, file.find_first_of("_.", from) - from));
}

}  // namespace

std::string LibraRun::workload_name() const {
  return word_of(workload, "transformer_");
}

std::string LibraRun::network_name() const {
  return word_of(network, "");
}

std::vector<double> LibraRun::bandwidth_gb_per_s() const {
  std::vector<double> out = link_gb_per_s;
  for (std::size_t d = 0; d < out.size(); ++d) out[d] *= links[d];
  return out;
}

std::vector<LibraRun> read_libra_runs(const std::filesystem::path& artifact) {
  const std::map<Key, double> recorded_s = read_records(artifact);
  const JsonDocument document = JsonDocument::read(artifact / "evaluation" / "bw_setups.json");
  std::vector<LibraRun> runs;
  for (const JsonNode& script : document.root().at("runs").elements()) {
    LibraRun run;
    run.config = script.at("config_name").name();
    run.compute_scale = script.at("compute_scale").positive();
    for (const JsonNode& setup : script.at("setups").elements()) {
      const JsonNode bandwidth = setup.at("link_bandwidth_GBps");
      run.network = setup.at("network").name();
      run.system = setup.at("system").name();
      run.npus = counts(setup.at("units_count"));
      run.links = counts(setup.at("links_count"));
      run.link_gb_per_s = bandwidth.numbers();
      run.link_latency_ns = setup.at("link_latency_ns").numbers();
      if (run.links.size() != run.npus.size() || run.link_gb_per_s.size() != run.npus.size() ||
          run.link_latency_ns.size() != run.npus.size()) {
        setup.fail("as many links, bandwidths and latencies as units");
      }
      for (const JsonNode& workload : script.at("workloads").elements()) {
        run.workload = workload.name();
        if (run.workload == kPriceOnly) continue;
        const auto record =
            recorded_s.find(key_of(run.config, run.workload, bandwidth, setup.at("links_count")));
        run.recorded_s = record == recorded_s.end() ? std::nullopt : std::optional(record->second);
        runs.push_back(run);
      }
    }
  }
  return runs;
}

}  // namespace sextant
