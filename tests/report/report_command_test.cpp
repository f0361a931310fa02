// sextant report: what is recognised, simulated, refused.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/schema_check.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

const std::string kCluster = sextant::source_path() + "/profiles/clusters/two-types.json";
const std::string kJob = sextant::source_path() + "/profiles/jobs/opt-350m.json";

class ReportCommand : public ::testing::Test {
 protected:
  std::string path(const std::string& name) const { return (folder_.path() / name).string(); }

  std::string plan() const {
    const ProgramResult planned =
        run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "-o", path("plan.json")});
    EXPECT_EQ(planned.exit_code, 0) << planned.err;
    return path("plan.json");
  }

  std::string written(const std::string& name, const std::string& text) const {
    write_file_atomically(path(name), text);
    return path(name);
  }

  ProgramResult report(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), "report");
    arguments.insert(arguments.end(), {"-o", path("report.html")});
    return run_sextant(arguments);
  }

  std::string page() const { return read_file(path("report.html")); }

  TemporaryFolder folder_;
};

TEST_F(ReportCommand, SimulatesPlansOfClusterAndJob) {
  const std::string plan = this->plan();
  const ProgramResult among = report({plan, kCluster, kJob, "--json"});
  ASSERT_EQ(among.exit_code, 0) << among.err;
  const std::string page = this->page();
  EXPECT_THAT(page, HasSubstr("data-kind=\"timeline\""));
  EXPECT_THAT(page, HasSubstr("predictions of this plan"));
  EXPECT_THAT(SchemaCheck("reported").problems(among.out), IsEmpty());
  EXPECT_THAT(among.out, HasSubstr("\"bytes\": " + std::to_string(page.size())));

  const ProgramResult named =
      report({plan, "--cluster", kCluster, "--job", kJob, "--title", "<My> report"});
  ASSERT_EQ(named.exit_code, 0) << named.err;
  EXPECT_EQ(named.out, "");
  EXPECT_THAT(this->page(), HasSubstr("data-kind=\"timeline\""));
  EXPECT_THAT(this->page(), HasSubstr("<title>&lt;My&gt; report</title>"));

  const ProgramResult alone = report({plan});
  ASSERT_EQ(alone.exit_code, 0) << alone.err;
  EXPECT_THAT(this->page(), HasSubstr("The timeline needs the cluster and the job"));
}

TEST_F(ReportCommand, HasTheSameBytesAgain) {
  const std::string plan = this->plan();
  ASSERT_EQ(report({plan, kCluster, kJob}).exit_code, 0);
  const std::string first = page();
  ASSERT_EQ(report({plan, kCluster, kJob}).exit_code, 0);
  EXPECT_EQ(page(), first);
}

TEST_F(ReportCommand, SaysWhatItsEstimatorCannot) {
  ASSERT_EQ(report({plan(), kCluster, kJob, "--estimator", "sailor"}).exit_code, 0);
  EXPECT_THAT(page(), HasSubstr("Estimator sailor knows no times of single microbatches."));
}

TEST_F(ReportCommand, ShowsAPlanWhoseClusterHasChanged) {
  const std::string plan = this->plan();
  std::string text = read_file(kCluster);
  for (std::size_t at = 0; (at = text.find("V100-16", at)) != std::string::npos;) {
    text.replace(at, 7, "A100-80");
  }
  const ProgramResult result = report({plan, written("cluster.json", text), kJob});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  EXPECT_THAT(page(), HasSubstr("<p class=\"warning\">Not simulated: "));
  EXPECT_THAT(page(), Not(HasSubstr("data-kind=\"timeline\"")));
}

TEST_F(ReportCommand, RefusesWhatIsNotOurs) {
  const auto expect_refused = [&](const std::string& name, const std::string& text) {
    const ProgramResult result = report({written(name, text)});
    EXPECT_EQ(result.exit_code, 3) << text;
    EXPECT_THAT(result.err, HasSubstr(name)) << text;
    EXPECT_FALSE(std::filesystem::exists(path("report.html"))) << text;
  };
  expect_refused("empty.json", "");
  expect_refused("nothing.json", "{}");
  expect_refused("list.json", "[]");
  expect_refused("text.json", "hello");
  expect_refused("other.json", R"({"schema": "other/plan/1.0"})");
  expect_refused("newer.json", R"({"schema": "sextant/plan/2.0"})");
  expect_refused("cut.json", R"({"schema": "sextant/plan/1.0", "model": "m")");
  EXPECT_EQ(report({path("absent.json")}).exit_code, 3);
}

TEST_F(ReportCommand, NeverReplacesAnInput) {
  const std::string plan = this->plan();
  const std::string before = read_file(plan);
  const ProgramResult result = run_sextant({"report", plan, "-o", path("./plan.json")});
  EXPECT_EQ(result.exit_code, 2);
  EXPECT_EQ(read_file(plan), before);
  EXPECT_EQ(report({plan, "--cluster", kCluster}).exit_code, 2);
}

TEST_F(ReportCommand, PicturesInTheTerminalAreAHundredColumnsWide) {
  const std::string plan = this->plan();
  const ProgramResult result =
      run_sextant({"simulate", "--cluster", kCluster, "--job", kJob, "--plan", plan, "--picture"});
  ASSERT_EQ(result.exit_code, 0) << result.err;
  const std::string picture = result.out.substr(result.out.find("an iteration by stage"));
  EXPECT_THAT(picture, HasSubstr("\nstage 0, replicas 0-31 x32  F"));
  EXPECT_THAT(picture, HasSubstr("\nmemory\nstage 0  [###"));
  const ProgramResult planned =
      run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--picture"});
  ASSERT_EQ(planned.exit_code, 0) << planned.err;
  EXPECT_THAT(planned.out, HasSubstr("with a timeline there are: sextant"));
  EXPECT_EQ(
      run_sextant({"plan", "--cluster", kCluster, "--job", kJob, "--picture", "--json"}).exit_code,
      2);
}

}  // namespace
}  // namespace sextant::testing
