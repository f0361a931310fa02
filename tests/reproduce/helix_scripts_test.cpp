// The scripts of launch/helix: their arguments, what they start, what they leave.
#include <filesystem>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/support/guide_scripts.h"
#include "tests/support/project_paths.h"
#include "tests/support/reference_data.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using ::testing::AllOf;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// Says how it was started, and leaves what `serve place` and `reproduce` would.
constexpr const char* kFakeSextant = R"(#!/bin/sh
for word in "$@"; do printf '%s|' "$word"; done | sed 's|\.layout\.[^/]*|WORK|g'
echo
echo 'solved' >&2
while [ $# -gt 0 ]; do
  case $1 in
    -o) folder=$2 ;;
    --method) method=$2 ;;
    --csv) printf '%s' "$FAKE_CSV" > "$2" ;;
  esac
  shift
done
if [ -n "$folder" ] && [ -n "$method" ]; then
  echo "layers by $method" > "$folder/${method}_sol.ini"
  echo "links" > "$folder/simulator_cluster.ini"
fi
exit ${FAKE_STATUS:-0}
)";

class HelixScripts : public testing::GuideScripts {
 protected:
  HelixScripts() : GuideScripts(source_path("launch/helix")) { program("sextant", kFakeSextant); }
  void use_the_real_one() {
    fs::remove(programs_ / "sextant");
    fs::create_symlink(testing::built_program("sextant"), programs_ / "sextant");
  }
  /// As if step1_gen_cluster had been run.
  void have_cluster(const std::string& file) const {
    write_file_atomically(here_ / "config" / file, "");
  }
};

TEST_F(HelixScripts, SayWhatTheyTake) {
  for (const std::string name : {"step1_gen_cluster", "step2_gen_layout", "step3_simulation"}) {
    for (const std::string& script : {name, name + ".sh"}) {
      SCOPED_TRACE(script);
      const auto help = run(script, {"--help"});
      EXPECT_EQ(help.exit_code, 0) << help.err;
      EXPECT_THAT(help.out, StartsWith(name + " "));
      const auto wrong = run(script, {"1", "2", "3", "4"});
      EXPECT_EQ(wrong.exit_code, 2);
      EXPECT_THAT(wrong.err, AllOf(StartsWith(script + ": error: expected "), EndsWith(help.out)));
    }
  }
}

TEST_F(HelixScripts, RefuseWhatTheGuideDoesNotHave) {
  struct Case {
    const char* script;
    std::vector<std::string> arguments;
    int exit_code;
    const char* text;
  };
  for (const Case& bad : {
           Case{"step1_gen_cluster", {"huge"}, 2, "expected a cluster, one of: single distributed"},
           Case{"step1_gen_cluster", {"single", "-o", "x"}, 2, "-o is what this script gives"},
           Case{"step2_gen_layout", {"milp", "llama70b"}, 2, "petals swarm separate ilp"},
           Case{"step2_gen_layout", {"ilp", "llama7b"}, 2, "expected a model"},
           Case{"step2_gen_layout", {"ilp", "llama70b", "--method", "x"}, 2, "--method is what"},
           Case{"step2_gen_layout", {"ilp", "llama70b", "--artifact"}, 2, "expected a directory"},
           Case{"step2_gen_layout", {"swarm", "llama70b", "--artifact", "a"}, 3, "found 0; step1"},
           Case{"step3_simulation", {"ilp", "llama70b", "online"}, 2, "helix swarm separate"},
           Case{"step3_simulation", {"helix", "llama70b", "now"}, 2, "expected a mode"},
           Case{"step3_simulation", {"helix", "llama70b", "online", "--csv=x"}, 2, "--csv is what"},
           Case{"step3_simulation",
                {"helix", "llama70b", "online", "--artifact", "a"},
                3,
                "expected one cluster in config, found 0"},
       }) {
    SCOPED_TRACE(bad.text);
    const auto result = run(bad.script, bad.arguments);
    EXPECT_EQ(result.exit_code, bad.exit_code);
    EXPECT_EQ(result.out, "");
    EXPECT_THAT(result.err, HasSubstr(bad.text));
  }
}

TEST_F(HelixScripts, StartTheRightWords) {
  EXPECT_EQ(run("step1_gen_cluster", {"distributed"}).out,
            "cluster|generate|helix-geo|-o|config|\n");
  have_cluster("cluster24.ini");
  const std::string place = "serve|place|--method|";
  EXPECT_THAT(
      run("step2_gen_layout", {"petals", "llama70b", "--artifact", "an a"}).out,
      AllOf(StartsWith(place + "petals|--cluster|config/cluster24.ini|--model|llama70b|--artifact|"
                               "an a|-o|"),
            HasSubstr("/WORK/result|--partial-inference|\n"),
            EndsWith("left in layout_llama70b/petals\n")));
  EXPECT_THAT(run("step2_gen_layout", {"ilp", "llama70b", "--artifact", "a", "--threads", "2"}).out,
              AllOf(StartsWith(place + "milp|--cluster|config/cluster24.ini|"),
                    HasSubstr("/WORK/result/problem.lp|--threads|2|--time-limit|600|\n")));
  EXPECT_EQ(left("layout_llama70b/ilp/ilp_sol.ini"), "layers by milp\n");
  EXPECT_EQ(left("layout_llama70b/ilp/trace.txt"), "solved\n");
  const auto by_type = run("step2_gen_layout", {"ilp", "llama30b", "--artifact", "a"});
  for (const std::string type : {"a100", "l4", "t4"}) {
    EXPECT_THAT(by_type.out, HasSubstr(place + "milp|--cluster|config/" + type + ".ini|"));
    EXPECT_THAT(by_type.out, HasSubstr("/WORK/" + type + "/separate_sol.ini|--time-limit|10|\n"));
    EXPECT_EQ(left("layout_llama30b/ilp/" + type + "/ilp_sol.ini"), "layers by milp\n");
  }
  EXPECT_EQ(run("step2_gen_layout", {"separate", "llama30b", "--artifact", "a"}).exit_code, 0);
  EXPECT_EQ(left("layout_llama30b/separate/l4_solution_file.ini"), "layers by separate\n");
}

TEST_F(HelixScripts, KeepWhatIsThereUnlessForced) {
  have_cluster("3cluster24.ini");
  ASSERT_EQ(run("step2_gen_layout", {"swarm", "llama70b", "--artifact", "a"}).exit_code, 0);
  const auto again = run("step2_gen_layout", {"swarm", "llama70b", "--artifact", "a"});
  EXPECT_EQ(again.exit_code, 3);
  EXPECT_THAT(again.err, HasSubstr("layout_llama70b/swarm is there already; --force replaces it"));
  EXPECT_EQ(run("step2_gen_layout", {"swarm", "llama70b", "--force", "--artifact", "a"}).exit_code,
            0);
  testing::ProgramOptions failing;
  failing.environment = {{"FAKE_STATUS", "4"}};
  EXPECT_EQ(run("step2_gen_layout", {"swarm", "llama70b", "--force", "--artifact", "a"}, failing)
                .exit_code,
            4);
  EXPECT_EQ(left("layout_llama70b/swarm/swarm_sol.ini"), "layers by swarm\n");
  for (const fs::directory_entry& entry : fs::directory_iterator(here_)) {
    EXPECT_THAT(entry.path().filename().string(), ::testing::AnyOf("config", "layout_llama70b"));
  }
}

TEST_F(HelixScripts, PrintABlockBetweenStars) {
  have_cluster("3cluster24.ini");
  testing::ProgramOptions options;
  const std::string header =
      "method,status,decode_tokens_per_s,prompt_latency_p5_s,prompt_latency_p25_s,"
      "prompt_latency_p50_s,prompt_latency_p75_s,prompt_latency_p95_s,decode_latency_p5_s,"
      "decode_latency_p25_s,decode_latency_p50_s,decode_latency_p75_s,decode_latency_p95_s,"
      "finished_requests,rejected_requests\n";
  options.environment = {
      {"FAKE_CSV", header + "swarm,ok,51.945,1,2,3,4,5,0.1,0.2,0.3,0.4,0.5,9,7\n"}};
  const auto block =
      run("step3_simulation", {"swarm", "llama70b", "offline", "--artifact", "a"}, options);
  EXPECT_EQ(block.exit_code, 0) << block.err;
  EXPECT_THAT(block.out,
              AllOf(StartsWith("*****"), EndsWith("*****\n"),
                    HasSubstr("swarm, llama70b, offline (geo cluster, placement: the artifact's)"),
                    HasSubstr("Average decode speed: 51.9 tokens/s\nFinished requests: 9, "
                              "rejected: 7\nPrompt latency: p5 1.00 s, p25 2.00 s, p50 3.00 s, "
                              "p75 4.00 s, p95 5.00 s\nDecode latency: p5 0.10 s,")));
  EXPECT_EQ(left("result_llama70b/swarm_offline.csv").substr(0, 6), "method");
  options.environment = {{"FAKE_CSV", header + "swarm,infeasible,,,,,,,,,,,,,\n"}};
  EXPECT_EQ(run("step3_simulation", {"swarm", "llama70b", "offline", "--artifact", "a"}, options)
                .exit_code,
            4);
}

// Every step of the guide that takes no solver, on both clusters.
TEST_F(HelixScripts, FollowTheGuide) {
  const auto data = reference_data("helix");
  SEXTANT_NEEDS(data);
  use_the_real_one();
  for (const std::string cluster : {"single", "distributed"}) {
    SCOPED_TRACE(cluster);
    fs::remove_all(here_);
    fs::create_directories(here_);
    const bool single = cluster == "single";
    const fs::path recorded = data / "clusters" / (single ? "single" : "geo");
    const auto generated = run("step1_gen_cluster", {cluster});
    ASSERT_EQ(generated.exit_code, 0) << generated.err;
    for (const std::string file :
         {single ? "cluster24.ini" : "3cluster24.ini", "a100.ini", "l4.ini", "t4.ini"}) {
      EXPECT_EQ(left("config/" + file), read_file(recorded / file)) << file;
    }
    const fs::path layouts = data / "placements" / (single ? "single" : "geo") / "layout_llama70b";
    for (const std::string method : {"petals", "swarm"}) {
      const auto placed = run("step2_gen_layout", {method, "llama70b", "--artifact", data});
      ASSERT_EQ(placed.exit_code, 0) << placed.err;
      for (const std::string& file : {method + "_sol.ini", std::string("simulator_cluster.ini")}) {
        EXPECT_EQ(left("layout_llama70b/" + method + "/" + file),
                  read_file(layouts / method / file))
            << method << ' ' << file;
      }
    }
    for (const std::string model : {"llama30b", "llama70b"}) {
      const auto placed = run("step2_gen_layout", {"separate", model, "--artifact", data});
      ASSERT_EQ(placed.exit_code, 0) << placed.err;
    }
    const auto block =
        run("step3_simulation", {"swarm", "llama70b", "offline", "--artifact", data});
    ASSERT_EQ(block.exit_code, 0) << block.err;
    EXPECT_THAT(block.out, AllOf(HasSubstr("placement: layout_llama70b/swarm"),
                                 HasSubstr(single ? "124.7 tokens/s" : "51.9 tokens/s")));
    EXPECT_THAT(left("result_llama70b/swarm_offline_latencies.csv"),
                AllOf(HasSubstr("\nswarm,prompt,"), HasSubstr("\nswarm,decode,")));
  }
}

}  // namespace
}  // namespace sextant
