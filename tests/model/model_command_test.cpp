// `sextant model`, as a person and as a script use it.
#include <filesystem>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

const std::string kConfigs = sextant::source_path("tests/data/model/");

class ModelCommand : public ::testing::Test {
 protected:
  void SetUp() override { std::filesystem::create_directories(folder_); }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string in_folder(const std::string& name) const { return (folder_ / name).string(); }

  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("sextant-model-" + std::to_string(::getpid()));
};

TEST_F(ModelCommand, ListsEveryModelWithItsParameters) {
  const ProgramResult text = run_sextant({"model", "list"});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_EQ(text.err, "");
  EXPECT_THAT(text.out, HasSubstr("OPT-350M        opt          331,196,416      24    1024"));
  const ProgramResult json = run_sextant({"model", "list", "--json"});
  const JsonDocument document = JsonDocument::parse(json.out, "stdout");
  const JsonNode models = document.root_of_kind("models", 1).at("models");
  EXPECT_EQ(models.size(), 9U);
  EXPECT_EQ(models.at(4).at("name").string(), "Llama-3-8B");
  EXPECT_EQ(models.at(4).at("parameters").number(), 8'030'261'248);
}

TEST_F(ModelCommand, ShowsEachKindOfLayerOnARank) {
  const std::vector<std::string> arguments{"model", "show",    "GPT-Neo-2.7", "--tp",
                                           "2",     "--mbs",   "4",           "--seq",
                                           "1024",  "--dtype", "bf16"};
  const ProgramResult text = run_sextant(arguments);
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("tp 2, microbatch 4, 1024 tokens, bf16"));
  EXPECT_THAT(text.out, HasSubstr("block, window 256     16"));
  std::vector<std::string> as_json = arguments;
  as_json.push_back("--json");
  const ProgramResult json = run_sextant(as_json);
  const JsonDocument document = JsonDocument::parse(json.out, "stdout");
  const JsonNode root = document.root_of_kind("model_costs", 1);
  EXPECT_EQ(root.at("parameters").number(), 2'651'307'520);
  EXPECT_EQ(root.at("layers").size(), 5U);
  // A bf16 message of 4 sequences of 1024 tokens, 2560 wide.
  EXPECT_EQ(root.at("layers").at(1).at("output_bytes").number(), 2.0 * 4 * 1024 * 2560);
  EXPECT_EQ(run_sextant(as_json).out, json.out);
}

TEST_F(ModelCommand, ImportsAConfigurationThatShowReads) {
  const std::string written = in_folder("mixtral.json");
  const ProgramResult import = run_sextant(
      {"model", "import", kConfigs + "mixtral-8x7b.json", "--name", "Mixtral-8x7B", "-o", written});
  EXPECT_EQ(import.exit_code, 0);
  EXPECT_THAT(import.out, StartsWith("Mixtral-8x7B: mixtral, 32 blocks"));
  EXPECT_THAT(import.out, HasSubstr("46,702,792,704 parameters"));
  const ProgramResult show = run_sextant({"model", "show", written, "--tp", "8"});
  EXPECT_EQ(show.exit_code, 0) << show.err;
  EXPECT_THAT(show.out, HasSubstr("46,702,792,704 parameters"));
}

TEST_F(ModelCommand, SaysWhatItDoesNotUnderstand) {
  const std::string config = in_folder("config.json");
  write_file_atomically(config, R"({"model_type": "gpt2", "n_embd": 64, "n_head": 4, "n_layer": 2,
                                    "n_positions": 32, "vocab_size": 100, "n_gadgets": 3})");
  const ProgramResult text = run_sextant({"model", "import", config});
  EXPECT_EQ(text.exit_code, 0);
  EXPECT_THAT(text.out, HasSubstr("note: \"n_gadgets\" is not understood and was ignored\n"));
  const ProgramResult json = run_sextant({"model", "import", config, "--json"});
  const JsonDocument document = JsonDocument::parse(json.out, "stdout");
  EXPECT_EQ(document.root_of_kind("model_import", 1).at("notes").size(), 1U);
}

struct Refusal {
  const char* what;
  std::vector<std::string> arguments;
  int exit_code;
  const char* message;
};

TEST_F(ModelCommand, RefusesWithTheRightCode) {
  const std::string truncated = in_folder("truncated.json");
  write_file_atomically(truncated, R"({"model_type": "llama", "hidden)");
  const std::string unknown = in_folder("unknown.json");
  write_file_atomically(unknown, R"({"model_type": "bert"})");
  const Refusal cases[] = {
      {"no subcommand", {"model"}, 2, "subcommand is required"},
      {"no name", {"model", "show"}, 2, "name"},
      {"dtype", {"model", "show", "OPT-30B", "--dtype", "fp64"}, 2, "fp64"},
      {"tp 0", {"model", "show", "OPT-30B", "--tp", "0"}, 2, "--tp"},
      {"unknown model", {"model", "show", "OPT-31B"}, 3, "did you mean OPT-30B?"},
      {"tp", {"model", "show", "OPT-30B", "--tp", "3"}, 3, "56 attention heads"},
      {"positions", {"model", "show", "OPT-30B", "--seq", "4096"}, 3, "2050 learned positions"},
      {"no file", {"model", "show", "none.json"}, 3, "none.json"},
      {"truncated", {"model", "import", truncated}, 3, "at byte"},
      {"unknown type", {"model", "import", unknown}, 3, "opt, gpt_neo, gpt2, llama"},
      {"no directory",
       {"model", "import", kConfigs + "gpt2.json", "-o", "/proc/none/x.json"},
       3,
       "/proc/none"},
  };
  for (const Refusal& one : cases) {
    SCOPED_TRACE(one.what);
    const ProgramResult result = run_sextant(one.arguments);
    EXPECT_EQ(result.exit_code, one.exit_code);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(one.message));
  }
}

}  // namespace
}  // namespace sextant::testing
