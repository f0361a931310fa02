#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/launch/emit/serving/small_network.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::link_of;
using testing::small_network;
using testing::two_pipelines;

ServingExportOptions small_options() {
  ServingExportOptions options;
  options.model_path = "/models/small";
  return options;
}

JobFolder vllm(const ServedNetwork& network, const ServingExportOptions& options) {
  return export_serving(ServingRuntime::kVllm, network, options);
}

ErrorCode refusal(const ServedNetwork& network, const ServingExportOptions& options,
                  const std::string& message) {
  try {
    vllm(network, options);
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr(message));
    return error.code();
  }
  return ErrorCode::kInternal;
}

TEST(VllmExport, HasAScriptForEachStage) {
  ServingExportOptions options = small_options();
  options.hosts = {{"node1", "10.0.0.1"}, {"node2", "10.0.0.2"}};
  options.port = 9000;
  const JobFolder exported = vllm(two_pipelines(), options);
  std::vector<std::string> paths;
  for (const auto& [path, text] : exported.files) paths.push_back(path);
  EXPECT_THAT(paths, ElementsAre("README", "pipeline_1/stage_0.sh", "pipeline_1/stage_1.sh",
                                 "pipeline_2/stage_0.sh", "pipeline_2/stage_1.sh",
                                 "serving_export.json", "start_by_ssh.sh"));
  EXPECT_EQ(exported.files.at("pipeline_2/stage_1.sh"),
            "#!/usr/bin/env bash\n"
            "# Pipeline 2, stage 1 of 0 to 1: \"node2\" (type \"A100\"), layers 6 to 9. For vLLM "
            "0.33.0.\n"
            "# Arguments are handed on to vllm serve; give all stages the same.\n"
            "set -euo pipefail\n"
            "export VLLM_PP_LAYER_PARTITION=6,4\n"
            "exec vllm serve '/models/small' \\\n"
            "  --tensor-parallel-size 1 --pipeline-parallel-size 2 \\\n"
            "  --distributed-executor-backend mp --nnodes 2 --node-rank 1 \\\n"
            "  --master-addr '10.0.0.1' --master-port 29502 \\\n"
            "  --headless \\\n"
            "  \"$@\"\n");
  EXPECT_THAT(exported.files.at("pipeline_1/stage_0.sh"),
              AllOf(HasSubstr("--node-rank 0"), HasSubstr("--master-addr 'node0' "),
                    HasSubstr("--port 9000"), Not(HasSubstr("--headless"))));
  EXPECT_THAT(exported.files.at("pipeline_2/stage_0.sh"), HasSubstr("--port 9001"));
  EXPECT_THAT(exported.files.at("README"), AllOf(HasSubstr("vLLM 0.33.0"), HasSubstr("10 layers"),
                                                 HasSubstr("0.579"), HasSubstr("\"10.0.0.2\"")));
  EXPECT_THAT(exported.notes, Contains(HasSubstr("of 100.0 tokens/s, 5.0 go from one pipeline")));
}

TEST(VllmExport, OfOneMachineIsAPlainServer) {
  const JobFolder exported = vllm(small_network({{0, 10}}), small_options());
  EXPECT_THAT(exported.files.at("pipeline_1/stage_0.sh"),
              AllOf(HasSubstr("VLLM_PP_LAYER_PARTITION=10\n"), Not(HasSubstr("--nnodes")),
                    HasSubstr("--pipeline-parallel-size 1 \\\n  --port 8000")));
}

TEST(VllmExport, GpusOfAMachineAreItsTensorDegree) {
  ServedNetwork network = two_pipelines();
  network.profiles.types[0].name = "T4x4";
  EXPECT_THAT(vllm(network, small_options()).files.at("pipeline_1/stage_1.sh"),
              HasSubstr("--tensor-parallel-size 4 "));
  ServingExportOptions options = small_options();
  options.gpus["T4x4"] = 2;
  EXPECT_THAT(vllm(network, options).files.at("pipeline_1/stage_1.sh"),
              HasSubstr("--tensor-parallel-size 2 "));
  for (const std::string name : {"RTX-2080", "x", "A100x", "A100x0", "A100x-2", "fox2b"}) {
    network.profiles.types[0].name = name;
    EXPECT_THAT(vllm(network, small_options()).files.at("pipeline_1/stage_1.sh"),
                HasSubstr("--tensor-parallel-size 1 "));
  }
  network.profiles.types.push_back(network.profiles.types[0]);
  network.profiles.types[1].name = "L4x2";
  network.nodes[3].type = 1;
  EXPECT_EQ(refusal(network, small_options(), "\"node3\" (type \"L4x2\") 2; nearest"),
            ErrorCode::kInfeasible);
}

TEST(VllmExport, RefusesWhatIsNoSetOfPipelinesAndSaysWhatIsNearest) {
  ServedNetwork network = small_network({{0, 6}, {0, 6}, {6, 10}});
  link_of(network, kCoordinator, 1).flow_tokens_per_s = 10;
  link_of(network, 1, 2).flow_tokens_per_s = 10;
  link_of(network, 2, kCoordinator).flow_tokens_per_s = 10;
  EXPECT_EQ(
      refusal(network, small_options(),
              "machines whose layers end before layer 6: 2, and that begin with it: 1; nearest is "
              "one pipeline with 2 of the 3 machines: \"node1\" [0, 6) -> \"node2\" "
              "[6, 10)"),
      ErrorCode::kInfeasible);
  ServingExportOptions options = small_options();
  options.nearest = true;
  const JobFolder exported = vllm(network, options);
  EXPECT_EQ(exported.files.count("pipeline_1/stage_1.sh"), 1U);
  EXPECT_EQ(exported.files.count("pipeline_2/stage_0.sh"), 0U);
  EXPECT_THAT(exported.notes, Contains(HasSubstr("left out: \"node0\"")));
  EXPECT_THAT(exported.files.at("README"), HasSubstr("left out: \"node0\""));
  EXPECT_EQ(refusal(small_network({{0, 6}, {5, 10}}), options, "no pipeline goes through"),
            ErrorCode::kInfeasible);
}

TEST(VllmExport, SaysWhatIsWrongWithItsOptions) {
  ServingExportOptions options;
  EXPECT_EQ(refusal(two_pipelines(), options, "the model's path"), ErrorCode::kUsage);
  options = small_options();
  options.port = 65535;
  EXPECT_EQ(refusal(two_pipelines(), options, "no ports"), ErrorCode::kUsage);
  options = small_options();
  options.hosts = {{"node1", "same"}, {"node3", "same"}};
  EXPECT_EQ(refusal(two_pipelines(), options, "have the same host, \"same\""),
            ErrorCode::kBadInput);
  options.hosts = {{"node1", "-oProxyCommand=x"}};
  EXPECT_EQ(refusal(two_pipelines(), options, "expected a host name"), ErrorCode::kBadInput);
  options.hosts = {{"node1", ""}};
  EXPECT_EQ(refusal(two_pipelines(), options, "expected a host name"), ErrorCode::kBadInput);
}

/// Scripts with names that a shell would stumble over, run with programs that write down what they
/// were called with.
class HostileScripts : public ::testing::Test {
 protected:
  void SetUp() override {
    ServingExportOptions options;
    options.model_path = "/models/it's $(touch model) `touch tick`";
    const JobFolder exported = vllm(two_pipelines(names_), options);
    write_job_folder(exported, out_, kServingExportMark, false);
    program("vllm", "printf '%s\\0' \"$VLLM_PP_LAYER_PARTITION\" \"$@\" > \"$CALLS/vllm.$$\"\n");
    // As ssh does: words after the host are joined, and a shell at the other end reads them.
    program("ssh",
            "while [ \"$1\" != -- ]; do shift; done\nshift\nhost=$1\nshift\n"
            "printf '%s\\0' \"$host\" > \"$CALLS/ssh.$$\"\nexec sh -c \"$*\"\n");
    std::filesystem::create_directory(calls_);
  }
  void program(const std::string& name, const std::string& text) const {
    const auto path = folder_.write("programs/" + name, "#!/bin/sh\n" + text);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  }
  testing::ProgramResult run(std::vector<std::string> words) const {
    const std::string programs = (folder_.path() / "programs").string();
    words.insert(words.begin(), {"env", "-C", folder_.path().string(), "CALLS=" + calls_.string(),
                                 "PATH=" + programs + ":/usr/bin:/bin"});
    return testing::run_program(words);
  }
  /// The words that programs of this name were called with.
  std::vector<std::vector<std::string>> calls(const std::string& program) const {
    std::vector<std::vector<std::string>> found;
    for (const auto& entry : std::filesystem::directory_iterator(calls_)) {
      if (entry.path().stem() != program) continue;
      found.emplace_back();
      std::string word;
      for (const char c : read_file(entry.path())) {
        if (c != '\0') {
          word += c;
        } else {
          found.back().push_back(word);
          word.clear();
        }
      }
    }
    return found;
  }
  const std::vector<std::string> names_ = {"a'b\"c", "new\nline; touch line", "$(touch sub)",
                                           "two words && touch and\\"};
  const TemporaryFolder folder_;
  const std::filesystem::path out_ = folder_.path() / "out";
  const std::filesystem::path calls_ = folder_.path() / "calls";
};

TEST_F(HostileScripts, AreWellFormed) {
  int scripts = 0;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(out_)) {
    if (entry.path().extension() != ".sh") continue;
    const testing::ProgramResult result = run({"bash", "-n", entry.path().string()});
    EXPECT_EQ(result.exit_code, 0) << result.err;
    ++scripts;
  }
  EXPECT_EQ(scripts, 5);
  // Comments and the README are for people: one line stays one line.
  EXPECT_THAT(read_file(out_ / "README"), Not(HasSubstr("new\nline")));
  EXPECT_THAT(read_file(out_ / "pipeline_2/stage_0.sh"), HasSubstr(R"("new\x0aline; touch line")"));
}

TEST_F(HostileScripts, HandEveryWordOnAsItIs) {
  const testing::ProgramResult result =
      run({(out_ / "pipeline_1/stage_1.sh").string(), "--served-model-name", "it's"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(calls("vllm"), ElementsAre(ElementsAre(
                                 "6,4", "serve", "/models/it's $(touch model) `touch tick`",
                                 "--tensor-parallel-size", "1", "--pipeline-parallel-size", "2",
                                 "--distributed-executor-backend", "mp", "--nnodes", "2",
                                 "--node-rank", "1", "--master-addr", "a'b\"c", "--master-port",
                                 "29501", "--headless", "--served-model-name", "it's")));
}

TEST_F(HostileScripts, StartOnTheirHosts) {
  const testing::ProgramResult result =
      run({(out_ / "start_by_ssh.sh").string(), "--served-model-name", "it's $(touch argument)"});
  EXPECT_EQ(result.exit_code, 0) << result.err;
  std::vector<std::string> hosts;
  for (const auto& call : calls("ssh")) hosts.push_back(call.at(0));
  EXPECT_THAT(hosts, ::testing::UnorderedElementsAreArray(names_));
  const auto served = calls("vllm");
  ASSERT_EQ(served.size(), 4U);
  for (const auto& words : served) EXPECT_EQ(words.back(), "it's $(touch argument)");
  for (const auto& entry : std::filesystem::directory_iterator(out_ / "logs")) {
    EXPECT_EQ(read_file(entry.path()), "") << entry.path();
  }
  // Nothing of the names was run: no `touch` has left a file.
  std::vector<std::string> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    left.push_back(entry.path().filename());
  }
  EXPECT_THAT(left, ::testing::UnorderedElementsAre("out", "calls", "programs"));
  EXPECT_FALSE(std::filesystem::exists(out_ / "line"));
  EXPECT_FALSE(std::filesystem::exists(out_ / "sub"));
}

}  // namespace
}  // namespace sextant
