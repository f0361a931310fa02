// What is wrong with the inputs of serving: message and exit code.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/serving/command/serve_command.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;

/// Two T4s that hold four layers each beside a KV cache, and a coordinator.
std::string two_machines() {
  return R"([NodeNames]
total_compute_nodes=2
[SourceNode]
connected_nodes=[0, 1]
[SinkNode]
connected_nodes=[0, 1]
[ComputeNode-0]
type=T4
connected_nodes=['source', 1, 'sink']
[ComputeNode-1]
type=T4
connected_nodes=['source', 0, 'sink']
[Link-source-0]
bandwidth=1000 * mbps
latency=1 * MilliSec
[Link-source-1]
bandwidth=1000 * mbps
latency=1 * MilliSec
[Link-0-sink]
bandwidth=1000 * mbps
latency=1 * MilliSec
[Link-1-sink]
bandwidth=1000 * mbps
latency=1 * MilliSec
[Link-0-1]
bandwidth=1000 * mbps
latency=1 * MilliSec
)";
}

constexpr const char* kMachineProfiles = R"([SourceNode]
outbound_nic_speed=10 * gbps
[SinkNode]
inbound_nic_speed=10 * gbps
[T4]
inbound_nic_speed=10 * gbps
outbound_nic_speed=10 * gbps
disk_speed=1 * gbps
vram_size=16 * GB
)";

/// A model of four small layers, which one T4 holds.
constexpr const char* kSmallModel = R"({"schema": "sextant/model/1.0", "name": "small",
  "family": "llama", "layers": 4, "hidden": 1024, "heads": 8, "kv_heads": 8, "ffn": 4096,
  "vocab": 1000, "seq_len": 2048, "position": "rotary", "norm": "rms_norm",
  "activation": "swiglu", "tied_embeddings": false, "attention_bias": false,
  "output_bias": false, "ffn_bias": false, "final_norm": true, "source": "test"})";

class BadServingInput : public ::testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    return folder_.write(name, text);
  }

  /// `text` with `from`, which must stand in it, exchanged for `to`.
  static std::string changed(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  ProgramResult place(const std::string& cluster, const std::vector<std::string>& more = {}) {
    return serve(with({"place", "--cluster", file("cluster.ini", cluster), "--machine-profiles",
                       file("machines.ini", kMachineProfiles), "--model",
                       file("small.json", kSmallModel), "--method", "swarm", "--stages", "1"},
                      more));
  }

  /// Simulates the small model, all of it on each machine.
  ProgramResult simulate(const std::vector<std::string>& more) {
    const std::string placement = folder_.path() / "placement.json";
    EXPECT_EQ(place(two_machines(), {"-o", placement}).exit_code, 0);
    return serve(with({"simulate", "--cluster", folder_.path() / "cluster.ini",
                       "--machine-profiles", folder_.path() / "machines.ini", "--model",
                       folder_.path() / "small.json", "--placement", placement},
                      more));
  }

  static void expect(const ProgramResult& result, int exit_code, const std::string& message) {
    EXPECT_EQ(result.exit_code, exit_code) << result.err;
    EXPECT_THAT(result.err, HasSubstr(message));
    EXPECT_EQ(result.out, "");
  }

  TemporaryFolder folder_;
};

TEST_F(BadServingInput, GoodInputIsTaken) {
  const ProgramResult result = place(two_machines());
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("small (4 layers) on cluster: 2 machines"));
}

TEST_F(BadServingInput, ExpressionsAreParsedAndNeverEvaluated) {
  for (const char* value : {"__import__('os').system('touch x')", "1000 * mbps * 2", "1000 mbps",
                            "1000 * parsecs", "(1000) * mbps", "1e999 * mbps", "nan * mbps"}) {
    expect(
        place(changed(two_machines(), "bandwidth=1000 * mbps", std::string("bandwidth=") + value)),
        3, "cluster.ini");
  }
}

TEST_F(BadServingInput, MachinesWithoutAProfile) {
  expect(place(changed(two_machines(), "type=T4", "type=T5")), 3, "has no machine type \"T5\"");
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  expect(serve({"place", "--cluster", data / "clusters/single/cluster24.ini", "--artifact", data,
                "--model", "OPT-30B"}),
         3, "no profiles of \"OPT-30B\"");
}

TEST_F(BadServingInput, ZeroBandwidth) {
  expect(place(changed(two_machines(), "bandwidth=1000 * mbps", "bandwidth=0 * mbps")), 3,
         "cluster.ini");
}

TEST_F(BadServingInput, UnreachableMachines) {
  std::string island = two_machines();
  for (const char* section : {"[Link-source-1]", "[Link-1-sink]", "[Link-0-1]"}) {
    const std::size_t at = island.find(section);
    const std::size_t end = island.find("[", at + 1);
    island.erase(at, end == std::string::npos ? end : end - at);
  }
  const ProgramResult result = place(island);
  EXPECT_EQ(result.exit_code, 3) << result.err;
}

TEST_F(BadServingInput, ModelsThatNothingHolds) {
  expect(place(two_machines(), {"--model", kServedModel}), 2, "--model");
  expect(serve({"place", "--cluster", file("c.ini", two_machines()), "--machine-profiles",
                file("m.ini", kMachineProfiles), "--model", kServedModel}),
         4, "the machines hold");
}

TEST_F(BadServingInput, EmptyAndMalformedTraces) {
  const auto traced = [&](const std::string& text) {
    return simulate({"--load", "online", "--trace", file("trace.csv", text)});
  };
  const std::string header = "arrival_s,input_tokens,output_tokens\n";
  expect(traced(""), 3, "trace.csv");
  expect(traced(header), 3, "trace.csv");
  expect(traced(header + "0,10\n"), 3, "trace.csv");
  expect(traced(header + "0,ten,5\n"), 3, "trace.csv");
  expect(traced(header + "0,10,-5\n"), 3, "trace.csv");
  expect(traced("arrival_s,input_tokens\n0,10\n"), 3, "output_tokens");
  EXPECT_EQ(traced(header + "0,10,5\n").exit_code, 0);
}

TEST_F(BadServingInput, RequestsLongerThanTheLimitsAreRejectedAndCounted) {
  const std::string trace =
      file("long.csv", "arrival_s,input_tokens,output_tokens\n0,100,5\n1,1900,5\n2,90,5\n");
  const ProgramResult limited =
      simulate({"--load", "online", "--trace", trace, "--max-input", "1000"});
  EXPECT_EQ(limited.exit_code, 0) << limited.err;
  EXPECT_THAT(limited.out, HasSubstr("requests: 2 finished, 1 rejected, 0 dropped"));
  // No machine takes a batch of so many tokens, and none has a cache for them.
  const std::string longer =
      file("longer.csv", "arrival_s,input_tokens,output_tokens\n0,100,5\n1,90000,5\n");
  const ProgramResult result = simulate({"--load", "online", "--trace", longer});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(result.out, HasSubstr("requests: 1 finished, 1 rejected"));
}

TEST_F(BadServingInput, PlacementsThatDoNotSuit) {
  const std::string placement = folder_.path() / "placement.json";
  ASSERT_EQ(place(two_machines(), {"-o", placement}).exit_code, 0);
  const std::string text = read_file(placement);
  const auto simulated = [&](const std::string& changed_text) {
    return serve({"simulate", "--cluster", folder_.path() / "cluster.ini", "--machine-profiles",
                  folder_.path() / "machines.ini", "--model", folder_.path() / "small.json",
                  "--placement", file("changed.json", changed_text)});
  };
  expect(simulated(changed(text, "\"layers\": 4", "\"layers\": 5")), 3, "expected a placement of");
  expect(simulated(changed(text, "[0, 4]", "[0, 7]")), 3,
         "changed.json at \"/machines/0/layers/1\"");
  expect(simulated(changed(text, "\"type\": \"T4\"", "\"type\": \"L4\"")), 3,
         "expected type \"T4\"");
  // Nobody holds the last layer.
  expect(
      simulated(changed(changed(text, "[0, 4]", "[0, 3]"), "[0, 4]", "[0, 3]")), 4,
      "no way through all 4 layers: requests get through 3 of them, and no machine begins there");
}

}  // namespace
}  // namespace sextant::testing
