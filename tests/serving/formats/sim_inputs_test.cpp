// The artifact's own view of its networks, flattened: what it simulated is what we read.

#include <sstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/serving/formats/helix_files.h"
#include "tests/serving/formats/helix_data.h"

namespace sextant {
namespace {

using testing::RecordedLayout;

/// The flattened input's name for a layout: "geo_llama30b_separate_a100".
std::string input_name(const RecordedLayout& layout) {
  std::string name = layout.network.substr(0, layout.network.find('/')) + "_" + layout.model;
  for (const char* method : {"petals", "swarm", "separate"}) {
    if (layout.network.find(method) != std::string::npos) name += std::string("_") + method;
  }
  if (layout.network.find("/ilp") != std::string::npos) name += "_helix";
  for (const char* type : {"a100", "l4", "t4"}) {
    if (layout.network.find(std::string("/") + type) != std::string::npos) {
      name += std::string("_") + type;
    }
  }
  return layout.network.find("petals") == std::string::npos ? name : name + "_hashseed0";
}

void expect_same(const std::string& text, const ServedNetwork& network) {
  std::istringstream words(text);
  const auto next = [&] {
    std::string word;
    words >> word;
    return std::stod(word);
  };
  next();  // when traffic starts
  EXPECT_EQ(next(), network.profiles.model.layers);
  EXPECT_EQ(next(), network.profiles.model.activation_bytes);
  EXPECT_EQ(next(), network.profiles.model.token_bytes);
  next();  // the flow
  const int types = static_cast<int>(next());
  for (int t = 0; t < types; ++t) {
    std::string name;
    words >> name;
    const auto index = static_cast<std::size_t>(network.profiles.type_index(name));
    const MachineType& type = network.profiles.types[index];
    ASSERT_EQ(next(), static_cast<double>(type.prompt_s.points().size()));
    ASSERT_EQ(next(), static_cast<double>(type.decode_s.points().size()));
    for (const TimeCurve* curve : {&type.prompt_s, &type.decode_s}) {
      for (const auto& [number, seconds] : curve->points()) {
        EXPECT_EQ(next(), number);
        EXPECT_EQ(next(), seconds);
      }
    }
  }
  ASSERT_EQ(next(), static_cast<double>(network.nodes.size()));
  for (const ServedNode& node : network.nodes) {
    EXPECT_EQ(next(), node.machine + kHelixNodeOffset);
    next();  // type
    EXPECT_EQ(next(), node.layers.first);
    EXPECT_EQ(next(), node.layers.end);
    EXPECT_EQ(next(), node.kv_capacity_layer_tokens);
    EXPECT_EQ(next(), node.prompt_max_requests);
    EXPECT_EQ(next(), node.prompt_max_tokens);
    EXPECT_EQ(next(), node.decode_max_context_tokens);
    EXPECT_EQ(next(), node.decode_max_requests);
  }
  ASSERT_EQ(next(), static_cast<double>(network.links.size()));
  for (const ServedLink& link : network.links) {
    next();
    next();
    EXPECT_EQ(next(), link.latency_s);
    EXPECT_EQ(next(), link.bytes_per_s);
    EXPECT_EQ(next(), link.flow_tokens_per_s);
    next();  // what of the bandwidth a transmission takes
  }
}

TEST(SimInputs, EveryFlattenedNetworkIsTheOneThatWeRead) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  int compared = 0;
  for (const auto& layouts : {testing::recorded_ilp_layouts(), testing::recorded_separate_layouts(),
                              testing::recorded_heuristic_layouts()}) {
    for (const RecordedLayout& layout : layouts) {
      const auto file = data / "sim_inputs" / (input_name(layout) + ".txt");
      if (!std::filesystem::exists(file)) continue;
      SCOPED_TRACE(file);
      ServedNetwork network = read_helix_network(data / "placements" / layout.network,
                                                 data / "placements" / layout.solution,
                                                 read_helix_profiles(data, layout.model));
      read_helix_flow(file, network);
      expect_same(read_file(file), network);
      ++compared;
    }
  }
  EXPECT_EQ(compared, 25);
}

}  // namespace
}  // namespace sextant
