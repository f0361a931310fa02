#include "analyzer/network/import/nccl_tests_json.h"

#include <cmath>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

std::string place_of(const JsonNode& node) {
  return node.file() + " at " + (node.pointer().empty() ? "the top level" : node.pointer());
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(' ');
  return begin == std::string::npos ? ""
                                    : text.substr(begin, text.find_last_not_of(' ') + 1 - begin);
}

std::optional<NcclTestsFigures> figures_of(const JsonNode& row, const std::string& key) {
  const auto node = row.find(key);
  if (!node) return std::nullopt;
  NcclTestsFigures figures;
  // "cpu_time" where -C was given.
  figures.time_us = node->at(node->has("cpu_time") ? "cpu_time" : "time").number();
  figures.algbw_gb_per_s = node->at("alg_bw").number();
  figures.busbw_gb_per_s = node->at("bus_bw").number();
  if (const auto wrong = node->find("nwrong")) {
    const double count = wrong->non_negative();
    constexpr double kMost = 9e18;
    if (count != std::floor(count) || count > kMost) wrong->fail("a count of wrong elements");
    figures.wrong = static_cast<std::int64_t>(count);
  }
  if (const auto iterations = row.find(key + "_per_iter")) {
    figures.times_us = iterations->at("times_us").numbers();
  }
  return figures;
}

/// nccl-tests lists the first device of each process; the others of a process follow it.
void add_ranks(const JsonNode& config, NcclTestsRun& run) {
  constexpr int kMostPerProcess = 1024;
  constexpr int kMostDevices = 1 << 20;
  const auto per_process = config.at("nthreads").integer(1, kMostPerProcess) *
                           config.at("ngpus").integer(1, kMostPerProcess);
  for (const JsonNode& device : config.at("devices").elements()) {
    const auto first = device.at("device").integer(0, kMostDevices);
    const auto rank = device.at("rank");
    if (rank.integer(0, kMostDevices) != static_cast<std::int64_t>(run.ranks.size())) {
      rank.fail(fmt::format("rank {}, since ranks are listed one by one", run.ranks.size()));
    }
    for (std::int64_t i = 0; i < per_process; ++i) {
      if (run.ranks.size() >= static_cast<std::size_t>(kMostDevices)) {
        device.fail(fmt::format("at most {} ranks", kMostDevices));
      }
      BandwidthRank out;
      out.host = trimmed(device.at("hostname").string());
      out.details["device"] = std::to_string(first + i);
      if (i == 0) {
        out.device = trimmed(device.at("device_info").string());
        out.details["pci_bus_id"] = device.at("device_hex").string();
      }
      run.ranks.push_back(std::move(out));
      run.groups.push_back(static_cast<int>(device.at("group").integer(0, kMostDevices)));
    }
  }
  // Devices that were not listed are of the kind of the ones that were, where those agree.
  bool alike = true;
  for (const BandwidthRank& rank : run.ranks) {
    alike = alike && (rank.device.empty() || rank.device == run.ranks.front().device);
  }
  for (BandwidthRank& rank : run.ranks) {
    if (alike && rank.device.empty()) rank.device = run.ranks.front().device;
  }
}

}  // namespace

bool is_nccl_tests_json(const JsonNode& root) {
  return root.is_object() && !root.has("schema") && root.has("results") && root.has("version");
}

NcclTestsRun read_nccl_tests_json(const JsonNode& root) {
  NcclTestsRun run;
  run.place = place_of(root);
  constexpr int kKnown = 2;
  constexpr int kMost = 1'000'000'000;
  const auto version = root.at("version").integer(1, kMost);
  if (version > kKnown) {
    run.problems.push_back(fmt::format("{}: is of version {} of nccl-tests' format; known is {}",
                                       run.place, version, kKnown));
  }
  if (const auto code = root.find("nccl_version"))
    run.nccl = nccl_version_text(code->integer(1, kMost));
  if (const auto arguments = root.find("args")) {
    std::vector<std::string> words;
    for (const JsonNode& word : arguments->elements()) words.push_back(word.string());
    if (!words.empty()) run.program = nccl_tests_program_in(words.front());
    run.command = fmt::format("{}", fmt::join(words, " "));
  }
  const JsonNode config = root.at("config");
  run.max_bytes = config.at("maximum_bytes").non_negative();
  add_ranks(config, run);
  for (const JsonNode& node : root.at("results").elements()) {
    NcclTestsRow row;
    row.place = place_of(node);
    row.bytes = node.at("size").non_negative();
    row.type = node.at("type").name();
    row.redop = node.at("redop").string();
    row.root = trimmed(node.at("root").string());
    row.out_of_place = figures_of(node, "out_of_place");
    row.in_place = figures_of(node, "in_place");
    if (!row.out_of_place && !row.in_place) node.fail("a time out of place or in place", "none");
    run.rows.push_back(std::move(row));
  }
  run.finished = root.has("average_bus_bandwidth");
  if (const auto bounds = root.find("out_of_bounds")) {
    const auto count = bounds->at("count").integer(0, kMost);
    if (count > 0)
      run.problems.push_back(fmt::format("{}: {} values were wrong", run.place, count));
  }
  return run;
}

}  // namespace sextant
