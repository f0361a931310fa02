// NcclGroup's part of the work on a fake NCCL and CUDA: what it lays out, asks for, times and
// compares. Real GPUs have a test of their own, of the program.
#include "nccl_bench/nccl/nccl_group.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"

namespace sextant::bench {
namespace {

using ::testing::AllOf;
using ::testing::Each;
using ::testing::Gt;
using ::testing::HasSubstr;
using ::testing::SizeIs;

constexpr std::chrono::seconds kTimeout{20};

const NcclLog& log() {
  static const NcclLog kept;
  return kept;
}

/// Runs `work(group)` on every rank of a group, each in its thread.
template <typename Work>
void on_every_rank(int size, const Work& work) {
  const NcclId id = make_nccl_id();
  std::vector<std::thread> ranks;
  for (int rank = 0; rank < size; ++rank) {
    ranks.emplace_back([&, rank] {
      const auto group = open_nccl_group(id, rank, size, rank, kTimeout, log());
      work(*group);
    });
  }
  for (std::thread& rank : ranks) rank.join();
}

Operation halves(int rank, int size) {
  Operation operation;
  operation.bytes = 4000;
  (rank < size / 2 ? operation.send_to : operation.receive_from) = (rank + size / 2) % size;
  return operation;
}

Operation ring(int rank, int size) {
  Operation operation;
  operation.bytes = 4000;
  operation.send_to = (rank + 1) % size;
  operation.receive_from = (rank + size - 1) % size;
  return operation;
}

TEST(NcclGroup, EveryOperationGivesWhatItMustInEveryType) {
  for (const int size : {1, 2, 3, 4}) {
    on_every_rank(size, [size](Group& group) {
      for (std::size_t type = 0; type < kElementTypeNames.size(); ++type) {
        for (std::size_t op = 1; op < kCommunicationOpNames.size(); ++op) {
          for (const bool in_place : {false, true}) {
            Operation operation;
            operation.op = static_cast<CommunicationOp>(op);
            operation.type = static_cast<ElementType>(type);
            operation.in_place = in_place && operation.op != CommunicationOp::kAllToAll &&
                                 is_collective(operation.op);
            operation.bytes = 96 * block_bytes(operation.op, operation.type, size);
            group.prepare(operation);
            for (const int round : {0, 1}) {
              EXPECT_EQ(group.count_wrong(round, false), 0)
                  << to_string(operation.op) << " " << to_string(operation.type) << " rank "
                  << group.rank() << " of " << size << (operation.in_place ? " in place" : "");
            }
            EXPECT_EQ(group.count_wrong(2, true), 1) << to_string(operation.op);
          }
        }
      }
    });
  }
}

TEST(NcclGroup, SendsInHalvesAndRings) {
  on_every_rank(4, [](Group& group) {
    for (const Operation& operation : {halves(group.rank(), 4), ring(group.rank(), 4)}) {
      group.prepare(operation);
      EXPECT_EQ(group.count_wrong(0, false), 0);
      EXPECT_THAT(group.run(5), AllOf(SizeIs(5), Each(Gt(0))));
      // Who receives nothing has nothing that could be spoiled.
      EXPECT_EQ(group.count_wrong(1, true), operation.receive_from >= 0 ? 1 : 0);
    }
  });
}

TEST(NcclGroup, AloneItSendsToItself) {
  on_every_rank(1, [](Group& group) {
    group.prepare(ring(0, 1));
    EXPECT_EQ(group.count_wrong(0, false), 0);
    EXPECT_THAT(group.run(3), SizeIs(3));
  });
}

TEST(NcclGroup, SaysWhatItRunsOn) {
  on_every_rank(2, [](Group& group) {
    const auto details = group.details();
    EXPECT_EQ(details.at("nccl"), "2.28.9");
    EXPECT_EQ(details.at("gpu_name"), "Fake GPU");
    EXPECT_EQ(details.at("pci_bus_id"), "0000:0" + std::to_string(group.rank()) + ":00.0");
    EXPECT_EQ(details.at("cuda"), "13.0");
    // Nothing is known of the driver, and the document has to say so.
    EXPECT_EQ(details.at("driver"), "unknown");
  });
}

TEST(NcclGroup, AbortEndsWhoWaits) {
  const NcclId id = make_nccl_id();
  const auto waiting = open_nccl_group(id, 0, 2, 0, kTimeout, log());
  waiting->prepare({CommunicationOp::kAllReduce, ElementType::kFp32, false, 4});
  std::thread watchdog([&] { waiting->abort(); });
  try {
    waiting->run(1);
    FAIL() << "the other rank is not there";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("rank 0: the operation: NCCL says"));
  }
  watchdog.join();
}

TEST(NcclGroup, SaysWhatDoesNotFit) {
  on_every_rank(1, [](Group& group) {
    try {
      group.prepare(
          {CommunicationOp::kCopyDeviceToDevice, ElementType::kFp32, false, std::int64_t{1} << 30});
      FAIL() << "more than the device has";
    } catch (const Error& error) {
      EXPECT_THAT(error.what(),
                  HasSubstr("allocating 1073741824 bytes: CUDA says \"out of memory\""));
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    }
  });
}

}  // namespace
}  // namespace sextant::bench
