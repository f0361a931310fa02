#include "analyzer/cluster/discover/slurm_nodes.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/cluster/discover/host_list.h"
#include "tests/cluster/discover/samples.h"

namespace sextant::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

using Gpus = std::vector<SlurmGpus>;

TEST(SlurmGpus, AreCountedByType) {
  EXPECT_EQ(slurm_gpus("gpu:4", "x"), (Gpus{{"", 4, false}}));
  EXPECT_EQ(slurm_gpus("gpu:a100:4(S:0-1)", "x"), (Gpus{{"a100", 4, false}}));
  EXPECT_EQ(slurm_gpus("gpu:a100:4(S:0,2),craynetwork:4", "x"), (Gpus{{"a100", 4, false}}));
  EXPECT_EQ(slurm_gpus("gpu:tesla:2,gpu:kepler:2,mps:400,bandwidth:lustre:no_consume:4G", "x"),
            (Gpus{{"tesla", 2, false}, {"kepler", 2, false}}));
  EXPECT_EQ(slurm_gpus("gpu:a100:no_consume:2", "x"), (Gpus{{"a100", 2, false}}));
  EXPECT_EQ(slurm_gpus("gpu:a100:4(S:0),gpu:a100:4(S:1)", "x"), (Gpus{{"a100", 8, false}}));
  EXPECT_EQ(slurm_gpus("gpu:8(IDX:0-7)", "x"), (Gpus{{"", 8, false}}));
  for (const char* none : {"(null)", "", "N/A", "gpu:0", "shard:16", "mps:a100:400"}) {
    EXPECT_THAT(slurm_gpus(none, "x"), IsEmpty()) << none;
  }
}

TEST(SlurmGpus, SlicesAreToldFromWholeOnes) {
  EXPECT_TRUE(slurm_gpus("gpu:1g.10gb:14", "x").front().slice);
  EXPECT_TRUE(slurm_gpus("gpu:nvidia_a100_3g.20gb:2", "x").front().slice);
  EXPECT_FALSE(slurm_gpus("gpu:a100-80g.b:2", "x").front().slice);
}

TEST(SlurmGpus, WithoutACountAreRefused) {
  for (const char* wrong : {"gpu", "gpu:nvidia_a100-sxm4", "gpu:a100:-1", "gpu:a100:4:5:6",
                            "gpu:a100:99999", "gpu:a100:4x", "gpu::"}) {
    EXPECT_THAT(refusal([&] { slurm_gpus(wrong, "nodes.txt:7"); }),
                HasSubstr("nodes.txt:7: expected GPUs as in gpu:a100:4"))
        << wrong;
  }
  EXPECT_THAT(refusal([] { slurm_gpus("gpu:nvidia_a100-sxm4", "x"); }), HasSubstr("column cut"));
  EXPECT_NE(refusal([] { slurm_gpus("gpu:a\n100:4", "x"); }), "");
}

TEST(SlurmState, TellsWhetherJobsRunThere) {
  for (const char* usable :
       {"IDLE", "MIXED", "ALLOCATED", "idle", "mix-", "IDLE+CLOUD+POWERED_DOWN", "idle~", "alloc#",
        "IDLE+PLANNED", "COMPLETING", "RESERVED", "idle$"}) {
    EXPECT_TRUE(is_usable_state(usable)) << usable;
  }
  for (const char* unusable :
       {"DOWN", "down*", "IDLE+DRAIN", "drained", "drng@", "MIXED+DRAIN", "FAIL",
        "DOWN+NOT_RESPONDING", "idle*", "UNKNOWN", "DOWN*+CLOUD", "drained*", ""}) {
    EXPECT_FALSE(is_usable_state(unusable)) << unusable;
  }
}

TEST(Scontrol, OneLineANode) {
  const auto nodes = parse_scontrol_nodes(sample("scontrol-homogeneous.txt"), "s");
  ASSERT_EQ(nodes.size(), 5U);
  EXPECT_EQ(nodes[0].name, "a01");
  EXPECT_EQ(nodes[0].gpus, (Gpus{{"nvidia_a100-sxm4-80gb", 8, false}}));
  EXPECT_THAT(nodes[0].partitions, ElementsAre("gpu", "all"));
  EXPECT_THAT(nodes[0].features, ElementsAre("ib", "rack1"));
  EXPECT_TRUE(nodes[1].usable);
  EXPECT_TRUE(nodes[2].usable) << "it is started for a job";
  // Its reason says State=IDLE Gres=gpu:9, which is no more than a reason.
  EXPECT_EQ(nodes[3].state, "IDLE+DRAIN");
  EXPECT_FALSE(nodes[3].usable);
  EXPECT_EQ(nodes[3].gpus, nodes[0].gpus);
  EXPECT_THAT(nodes[4].gpus, IsEmpty());
  EXPECT_THAT(nodes[4].features, IsEmpty());
}

TEST(Scontrol, SeveralLinesANode) {
  std::string text = sample("scontrol-mixed.txt");
  const auto nodes = parse_scontrol_nodes(text, "s");
  ASSERT_EQ(nodes.size(), 4U);
  EXPECT_EQ(nodes[1].gpus, (Gpus{{"a100", 4, false}}));
  EXPECT_EQ(nodes[2].gpus, (Gpus{{"v100-sxm2-16gb", 2, false}, {"t4", 1, false}}));
  EXPECT_FALSE(nodes[3].usable);
  for (std::size_t i = 0; (i = text.find('\n', i)) != std::string::npos; i += 2)
    text.insert(i, "\r");
  EXPECT_EQ(parse_scontrol_nodes("\xEF\xBB\xBF" + text, "s")[2].gpus, nodes[2].gpus);
}

TEST(Scontrol, RefusesWhatIsCut) {
  const std::string text = sample("scontrol-homogeneous.txt");
  const std::size_t second = text.find("NodeName=a02");
  EXPECT_THAT(refusal([&] { parse_scontrol_nodes(text.substr(0, second + 20), "s.txt"); }),
              HasSubstr("s.txt:2: node a02 has no Gres=: expected the whole output of scontrol"));
  EXPECT_THAT(
      refusal([&] { parse_scontrol_nodes(text.substr(0, text.find("State=", second)), "s"); }),
      HasSubstr("s:2: node a02 has no State="));
  EXPECT_THAT(refusal([&] { parse_scontrol_nodes(text.substr(100), "s"); }),
              HasSubstr("s:1: expected NodeName="));
  EXPECT_THAT(refusal([&] { parse_scontrol_nodes(text + text, "s"); }),
              HasSubstr("s:6: node a01 stands twice"));
  EXPECT_THAT(refusal([] { parse_scontrol_nodes("", "s"); }), HasSubstr("found no node"));
  EXPECT_THAT(refusal([] { parse_scontrol_nodes(std::string("N\0o\0d\0e\0", 8), "s"); }),
              HasSubstr("NUL bytes"));
  EXPECT_THAT(refusal([] { parse_scontrol_nodes("No nodes in the system\n", "s"); }),
              HasSubstr("No nodes in the system"));
}

TEST(Scontrol, RefusesHostileNames) {
  for (const char* name : {"../../etc", "a\x01", "", "n[1-3]", "a;b", "$(touch x)"}) {
    EXPECT_THAT(refusal([&] {
                  parse_scontrol_nodes(std::string("NodeName=") + name + " Gres=gpu:4 State=IDLE\n",
                                       "s");
                }),
                HasSubstr("expected the name of a node"))
        << name;
  }
  EXPECT_NE(refusal([] {
              parse_scontrol_nodes("NodeName=n Gres=gpu:4 State=IDLE Partitions=a\x7f\n", "s");
            }),
            "");
}

TEST(Sinfo, NodesOfSeveralPartitionsStandOnce) {
  const auto nodes = parse_sinfo_table(sample("sinfo-mig.txt"), "s");
  ASSERT_EQ(nodes.size(), 6U);
  EXPECT_EQ(nodes[1].name, "m02");
  EXPECT_THAT(nodes[1].partitions, ElementsAre("gpu", "debug"));
  EXPECT_EQ(nodes[2].gpus, (Gpus{{"h100", 6, false}, {"h100_1g.10gb", 14, true}}));
  EXPECT_TRUE(nodes[3].usable);
  EXPECT_FALSE(nodes[4].usable);
  EXPECT_THAT(nodes[5].features, IsEmpty());
}

TEST(Sinfo, ColumnsMayBeSeparatedByBlanks) {
  const auto nodes = parse_sinfo_table(
      "NODELIST            GRES                STATE               \n"
      "n1                  gpu:4               idle                \n"
      "n2                  gpu:4               drained             \n",
      "s");
  ASSERT_EQ(nodes.size(), 2U);
  EXPECT_FALSE(nodes[1].usable);
  EXPECT_THAT(nodes[0].partitions, IsEmpty());
}

TEST(Sinfo, RefusesOtherTables) {
  EXPECT_THAT(refusal([] {
                parse_sinfo_table("PARTITION AVAIL  TIMELIMIT  NODES  STATE NODELIST\n", "s");
              }),
              HasSubstr("s:1: expected a header with the column GRES"));
  EXPECT_THAT(refusal([] { parse_sinfo_table("\n\n", "s"); }), HasSubstr("found nothing"));
  EXPECT_THAT(refusal([] { parse_sinfo_table("NODELIST|GRES|STATE\n", "s"); }),
              HasSubstr("no nodes"));
  EXPECT_THAT(refusal([] { parse_sinfo_table("NODELIST|GRES|STATE\nn1|gpu:4\n", "s"); }),
              HasSubstr("s:2: expected 3 columns"));
  // A column of fixed width that ran into the next.
  EXPECT_THAT(
      refusal([] { parse_sinfo_table("NODELIST GRES STATE\nn1 gpu:nvidia_a100-sxm4idle\n", "s"); }),
      HasSubstr("separate them by '|'"));
  EXPECT_THAT(refusal([] {
                parse_sinfo_table("NODELIST|GRES|STATE\nn1|gpu:4|idle\nn1|gpu:8|idle\n", "s");
              }),
              HasSubstr("s:3: node n1 has other GPUs"));
}

TEST(HostList, StandsForNames) {
  const auto expand = [](std::string_view text) { return expand_host_list(text, "x"); };
  EXPECT_THAT(expand("n1"), ElementsAre("n1"));
  EXPECT_THAT(expand("gpu[08-10,12],login"),
              ElementsAre("gpu08", "gpu09", "gpu10", "gpu12", "login"));
  EXPECT_THAT(expand("r[1-2]n[1-2]"), ElementsAre("r1n1", "r1n2", "r2n1", "r2n2"));
  EXPECT_THAT(expand("n[3]-ib"), ElementsAre("n3-ib"));
  EXPECT_EQ(expand("n[1-100000]").size(), 100'000U);
}

TEST(HostList, RefusesWhatIsNone) {
  for (const char* wrong : {"", "n[1", "n1]", "n[[1]]", "n[3-1]", "n[a-b]", "n[]", "a b", "n[1-2],",
                            "n[1-100001]", "n[1-9999][1-9999]", "n[1-999999999999]", "../x"}) {
    EXPECT_NE(refusal([&] { expand_host_list(wrong, "x"); }), "") << wrong;
  }
}

}  // namespace
}  // namespace sextant::testing
