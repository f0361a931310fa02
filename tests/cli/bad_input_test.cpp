// Every file that a subcommand reads may be empty, of another kind, of a newer version, no file at
// all, and every place that it writes to may be none: exit code 3, one line of error that names the
// file, nothing on stdout, nothing left behind.
#include <cctype>
#include <filesystem>
#include <set>
#include <sstream>
#include <stdexcept>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

namespace fs = std::filesystem;

using ::testing::HasSubstr;

/// One command line. In it `@` stands for the file in question, `@.json` for one whose ending says
/// what it is, `@/` for the directory that it lies in; words in braces for GoodInputs.
struct Case {
  std::string command;
  /// Kind of document that is read; empty: a foreign format, or any kind.
  std::string kind;
};

std::ostream& operator<<(std::ostream& out, const Case& one) {
  return out << one.command;
}

/// A name for the test: the command's words up to the file's flag.
std::string test_name(const ::testing::TestParamInfo<Case>& info) {
  const std::string& command = info.param.command;
  std::string name = std::to_string(info.index);
  bool letter = false;
  for (const char c : command.substr(0, command.find('@'))) {
    const bool now = std::isalnum(static_cast<unsigned char>(c)) != 0;
    if (now) name += letter ? c : static_cast<char>(std::toupper(c));
    letter = now;
  }
  return name;
}

/// The good inputs of a command line: shipped ones, and those that are made when first asked for.
class GoodInputs {
 public:
  /// What a word of a command line stands for.
  std::vector<std::string> words(const std::string& word) {
    if (word == "{inputs}") return {"--cluster", cluster_, "--job", job_};
    if (word == "{serving}") return {"--cluster", machines_, "--model", "Llama-2-70B"};
    if (word == "{step}") {
      return {"--model", "GPT-3-175B", "--gpu", "H100-80", "--tp", "8", "--pp", "8", "--dp", "16"};
    }
    if (word == "{cluster}") return {cluster_};
    if (word == "{job}") return {job_};
    if (word == "{runs}") return {source_path("tests/data/guides/results")};
    if (word == "{nodes}") return {source_path("tests/data/cluster/scontrol-homogeneous.txt")};
    if (word == "{config}") return {source_path("tests/data/model/qwen2-0.5b.json")};
    if (word == "{trace}") return {source_path("profiles/traces/example-two-types.csv")};
    if (word == "{plan}")
      return {made("plan.json", {"plan", "--cluster", cluster_, "--job", job_})};
    if (word == "{placement}") {
      return {made("placement.json", {"serve", "place", "--cluster", machines_, "--model",
                                      "Llama-2-70B", "--method", "petals"})};
    }
    if (word == "{bandwidth}") {
      return {made(
          "bandwidth.json",
          {"network", "import", source_path("tests/data/network/nccl-tests-2.17-all-reduce.txt")})};
    }
    return {word};
  }

 private:
  std::string made(const std::string& name, std::vector<std::string> command) {
    std::string file = folder_.path() / name;
    if (fs::exists(file)) return file;
    command.insert(command.end(), {"-o", file});
    const ProgramResult result = run_sextant(command);
    if (result.exit_code != 0) throw std::runtime_error(result.err);
    return file;
  }

  TemporaryFolder folder_;
  std::string cluster_ = source_path("profiles/clusters/two-types.json");
  std::string job_ = source_path("profiles/jobs/opt-350m.json");
  std::string machines_ = source_path("profiles/clusters/serving-mixed.json");
};

std::vector<std::string> arguments(const std::string& command, const std::string& file) {
  static GoodInputs good;
  std::istringstream in(command);
  std::vector<std::string> found;
  for (std::string word; in >> word;) {
    if (word == "@" || word == "@.json") {
      found.push_back(file);
    } else if (word == "@/") {
      found.push_back(fs::path(file).parent_path());
    } else if (word.front() == '@') {  // an output, whose ending says what it is to be
      found.push_back(file + word.substr(1));
    } else {
      for (const std::string& each : good.words(word)) found.push_back(each);
    }
  }
  return found;
}

/// One line of error that names `file`; what stands before it are notes.
void expect_refused(const ProgramResult& result, const std::string& file) {
  EXPECT_EQ(result.exit_code, 3) << result.err;
  EXPECT_EQ(result.out, "");
  std::istringstream lines(result.err);
  int errors = 0;
  for (std::string line; std::getline(lines, line);) {
    if (errors == 0 && line.rfind("sextant: error: ", 0) != 0) continue;
    ++errors;
    EXPECT_THAT(line, HasSubstr(file));
  }
  EXPECT_EQ(errors, 1) << result.err;
}

std::set<fs::path> files_of(const fs::path& folder) {
  std::set<fs::path> found;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) found.insert(entry.path());
  return found;
}

class ReadingBadInput : public ::testing::TestWithParam<Case> {
 protected:
  /// Runs the command on what lies at `bad_` now.
  void expect_refused_now(const std::string& what) {
    SCOPED_TRACE(what);
    const std::set<fs::path> before = files_of(folder_.path());
    const ProgramResult result = run_sextant(arguments(GetParam().command, bad_));
    expect_refused(result, reads_directory_ ? fs::path(bad_).parent_path() : fs::path(bad_));
    EXPECT_EQ(files_of(folder_.path()), before);
  }
  void expect_refused_with(const std::string& what, const std::string& content) {
    folder_.write("in/" + fs::path(bad_).filename().string(), content);
    expect_refused_now(what);
  }

  TemporaryFolder folder_;
  bool reads_directory_ = GetParam().command.find(" @/") != std::string::npos;
  bool json_ = reads_directory_ || GetParam().command.find("@.json") != std::string::npos;
  std::string bad_ = folder_.path() / (json_ ? "in/bad.json" : "in/bad");
};

TEST_P(ReadingBadInput, IsRefused) {
  fs::create_directories(fs::path(bad_).parent_path());
  expect_refused_now("missing");
  expect_refused_with("empty", "");
  expect_refused_with("an empty object", "{}");
  expect_refused_with("no JSON", "hello, world\n");
  expect_refused_with("a picture", std::string("\x89PNG\r\n\x1a\n\0\0", 10));
  if (!GetParam().kind.empty()) {
    expect_refused_with("another kind", R"({"schema": "sextant/doctor/1.0", "tasks": []})");
    expect_refused_with("a newer major version",
                        R"({"schema": "sextant/)" + GetParam().kind + R"(/2.0"})");
  }
  fs::remove(bad_);
  fs::create_directory(bad_);
  expect_refused_now("a directory");
}

const Case kReaders[] = {
    {"plan --job {job} -o @-out --cluster @", "cluster"},
    {"plan --cluster {cluster} -o @-out --job @", "job"},
    {"plan {inputs} -o @-out --prices @", "prices"},
    {"plan {inputs} -o @-out --calibration @", "calibration"},
    {"plan {inputs} -o @-out --availability @", ""},
    {"simulate --job {job} --plan {plan} --trace @-out --cluster @", "cluster"},
    {"simulate --cluster {cluster} --plan {plan} --trace @-out --job @", "job"},
    {"simulate {inputs} --trace @-out --plan @", "plan"},
    {"simulate {inputs} --plan {plan} --trace @-out --against @", "plan"},
    {"simulate {inputs} --plan {plan} --trace @-out --calibration @", "calibration"},
    {"validate --plot @-out.svg --from @", "validation"},
    {"validate {inputs} --plot @-out.svg --measured @/", "measured"},
    {"validate --measured {runs} --job {job} --plot @-out.svg --cluster @", "cluster"},
    {"calibrate {inputs} -o @-out --measured @/", "measured"},
    {"measured @/", "measured"},
    {"model show @.json", "model"},
    {"model import -o @-out @", ""},
    {"profile show @/", "profile_db"},
    {"profile check @/", "profile_db"},
    {"profile compare @ @", "profile"},
    {"network fit -o @-out @", "bandwidth"},
    {"network fit {bandwidth} -o @-out --update @", "network"},
    {"network fit {bandwidth} -o @-out --cluster @", "cluster"},
    {"network show @", "network"},
    {"network compare @", "bandwidth"},
    {"network import -o @-out @", "bandwidth"},
    {"cluster show @", "cluster"},
    {"cluster discover -o @-out --scontrol @", ""},
    {"cluster discover --scontrol {nodes} -o @-out --network @", "network"},
    {"topo optimize {step} --total-gb-per-s 450 -o @-out --network @.json", "topology"},
    {"topo optimize --network LIBRA-3D --total-gb-per-s 450 -o @-out --workload @", ""},
    {"topo optimize --network LIBRA-3D {step} --total-gb-per-s 450 -o @-out --prices @", ""},
    {"topo evaluate {step} --network @.json", "topology"},
    {"serve place --model Llama-2-70B --method petals -o @-out.json --cluster @", "cluster"},
    {"serve place {serving} --effort 0.01 -o @-out.json --trace @", ""},
    {"serve place {serving} --method milp -o @-out.json --start @.json", "placement"},
    {"serve simulate {serving} --load online --timeline @-out --placement @.json", "placement"},
    {"serve simulate {serving} --placement {placement} --load online --timeline @-out --trace @",
     ""},
    {"serve export {serving} --to json -o @-out --placement @.json", "placement"},
    {"reproduce sailor fig7 --plot @-out.svg --from @", "reproduction"},
    {"reproduce libra fig12 --plot @-out.svg --from @", "reproduction"},
    {"launch --to torchrun -o @-out --plan @", "plan"},
    {"launch --to slurm -o @-out --plan {plan} --job {job} --cluster @", "cluster"},
    {"launch --to slurm -o @-out --plan {plan} --cluster {cluster} --job @", "job"},
    {"validate --measured {runs} --plot @-out.svg --predicted @", "plan"},
    {"report {plan} -o @-out.html @", ""},
    {"report {plan} --job {job} -o @-out.html --cluster @", "cluster"},
};
INSTANTIATE_TEST_SUITE_P(Cli, ReadingBadInput, ::testing::ValuesIn(kReaders), test_name);

class WritingNowhere : public ::testing::TestWithParam<Case> {};

// A file stands where the output's folder would have to be: not even root can write there.
TEST_P(WritingNowhere, IsRefused) {
  const TemporaryFolder folder;
  const std::string file = folder.write("file", "a file\n");
  const ProgramResult result = run_sextant(arguments(GetParam().command, file + "/out"));
  expect_refused(result, file);
  EXPECT_EQ(files_of(folder.path()), std::set<fs::path>{file});
}

const Case kWriters[] = {
    {"plan {inputs} -o @.json", ""},
    {"plan {inputs} --pareto --pareto-points 2 --max-evaluations 1000 --plot @.svg", ""},
    {"plan {inputs} --availability {trace} -o @.json", ""},
    {"simulate {inputs} --plan {plan} --trace @.json", ""},
    {"validate {inputs} --measured {runs} --plot @.svg", ""},
    {"validate {inputs} --measured {runs} --csv @.csv", ""},
    {"calibrate {inputs} --measured {runs} -o @.json", ""},
    {"model import {config} -o @.json", ""},
    {"profile estimate --gpu L4 --model OPT-350M --tp 1 --mbs 1 -o @", ""},
    {"network fit {bandwidth} -o @.json", ""},
    {"network import {bandwidth} -o @.json", ""},
    {"cluster discover --scontrol {nodes} -o @.json", ""},
    {"cluster generate helix-single -o @.ini", ""},
    {"topo optimize --network LIBRA-3D {step} --total-gb-per-s 450 -o @.json", ""},
    {"topo optimize --network LIBRA-3D {step} --total-gb-per-s 450 --plot @.svg", ""},
    {"serve place {serving} --method petals -o @.json", ""},
    {"serve place {serving} --method petals -o @", ""},
    {"serve simulate {serving} --placement {placement} --load online --timeline @.json", ""},
    {"serve simulate {serving} --placement {placement} --load online --latencies @.csv", ""},
    {"serve simulate {serving} --placement {placement} --load online --plot @.svg", ""},
    {"serve export {serving} --placement {placement} --to json -o @", ""},
    {"launch --plan {plan} --to slurm -o @", ""},
    {"report {plan} -o @.html", ""},
};
INSTANTIATE_TEST_SUITE_P(Cli, WritingNowhere, ::testing::ValuesIn(kWriters), test_name);

// A subcommand that is added belongs in the tables above.
TEST(BadInput, IsTriedOnEverySubcommand) {
  std::set<std::string> tried = {"doctor"};  // reads no file
  for (const Case& one : kReaders) tried.insert(one.command.substr(0, one.command.find(' ')));
  std::istringstream help(run_sextant({"--help"}).out);
  bool listed = false;
  int count = 0;
  for (std::string line; std::getline(help, line);) {
    if (listed && line.size() > 2 && line[2] != ' ') {
      EXPECT_EQ(tried.count(line.substr(2, line.find(' ', 2) - 2)), 1U) << line;
      ++count;
    }
    listed = listed || line == "Subcommands:";
  }
  EXPECT_GE(count, 14);
}

}  // namespace
}  // namespace sextant::testing
