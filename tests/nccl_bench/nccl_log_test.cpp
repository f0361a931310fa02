#include "nccl_bench/nccl/nccl_log.h"

#include <gtest/gtest.h>

namespace sextant::bench {
namespace {

TEST(NcclLog, SaysHowRanksAreConnected) {
  const NcclChoices choices = read_nccl_log(
      "n1:40:40 [0] NCCL INFO Bootstrap: Using eth0:10.1.0.4<0>\n"
      "n1:40:52 [0] NCCL INFO NET/IB : Using [0]mlx5_0:1/IB [1]mlx5_1:1/RoCE [RO]; OOB "
      "eth0:10.1.0.4<0>\n"
      "n1:40:52 [0] NCCL INFO Using network IB\n"
      "n1:40:60 [0] NCCL INFO Channel 00/0 : 0[0] -> 1[1] via P2P/CUMEM\n"
      "n1:40:60 [0] NCCL INFO Channel 01/0 : 0[0] -> 1[1] via P2P/CUMEM\n"
      "n1:40:60 [0] NCCL INFO Channel 00/0 : 1[1] -> 2[0] [send] via NET/IB/0/GDRDMA\n"
      "n1:40:60 [0] NCCL INFO Channel 00/0 : 12[3b000] -> 0[1a000] via SHM/direct/direct comm "
      "0x5\n");
  EXPECT_EQ(choices.bootstrap, "eth0:10.1.0.4<0>");
  EXPECT_EQ(choices.network, "IB");
  EXPECT_EQ(choices.interface, "[0]mlx5_0:1/IB [1]mlx5_1:1/RoCE [RO]");
  ASSERT_EQ(choices.transports.size(), 3U);
  EXPECT_EQ((choices.transports.at({0, 1})), "P2P/CUMEM");
  EXPECT_EQ((choices.transports.at({1, 2})), "NET/IB/0/GDRDMA");
  EXPECT_EQ((choices.transports.at({12, 0})), "SHM/direct/direct");
  EXPECT_EQ(choices.transport_text(), "NET/IB/0/GDRDMA, P2P/CUMEM, SHM/direct/direct");
}

TEST(NcclLog, ForeignAndCutLinesSayNothing) {
  const NcclChoices choices = read_nccl_log(
      "Channel 00/0 : 0[0 -> 1[1] via P2P\n"
      "Channel 00/0 : x[0] -> 1[1] via P2P\n"
      "Channel 00/0 : 0[0] to 1[1] via P2P\n"
      "a journey via NET\n"
      "Channel 00 : 0[0] -> ");
  EXPECT_TRUE(choices.transports.empty());
  EXPECT_EQ(choices.transport_text(), "");
  EXPECT_EQ(choices.network, "");
}

}  // namespace
}  // namespace sextant::bench
