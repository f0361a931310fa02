// What DT-FM's scores are made of, against the same worked out device by device.
#include "planner/training/dtfm/matching.h"

#include <algorithm>
#include <functional>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "planner/training/dtfm/local_search.h"
#include "planner/training/dtfm/placement_score.h"
#include "planner/training/dtfm/stage_order.h"

namespace sextant::dtfm {
namespace {

/// `pools` pools of random links; nodes of up to `per_node` devices.
Devices random_devices(int pools, int count, int per_node, Random& random) {
  Devices out;
  for (int p = 0; p < pools; ++p) {
    GpuPool& pool = out.pools.emplace_back();
    pool.gpus_per_node = per_node;
  }
  for (int i = 0; i < count; ++i) {
    const auto pool = static_cast<int>(random.below(static_cast<std::uint64_t>(pools)));
    const auto node = static_cast<int>(random.below(static_cast<std::uint64_t>(per_node)));
    out.devices.push_back({pool, pool * per_node + node});
  }
  out.node_count = pools * per_node;
  for (int p = 0; p < pools * pools; ++p) {
    out.between_s.push_back(static_cast<double>(1 + random.below(6)));
  }
  for (int p = 0; p < pools; ++p) {
    out.inside_s.push_back(out.between(p, p) * static_cast<double>(random.below(5)) / 4);
  }
  return out;
}

double cost(const Devices& devices, int a, int b) {
  const Device& from = devices.devices[static_cast<std::size_t>(a)];
  const Device& to = devices.devices[static_cast<std::size_t>(b)];
  return from.node == to.node ? devices.inside_s[static_cast<std::size_t>(from.pool)]
                              : devices.between(from.pool, to.pool);
}

/// Least (slowest pair, sum) of all matchings.
std::pair<double, double> best_matching(const Devices& devices, const std::vector<int>& from,
                                        std::vector<int> to) {
  std::sort(to.begin(), to.end());
  std::pair<double, double> best = {1e9, 1e9};
  do {
    std::pair<double, double> here = {0, 0};
    for (std::size_t i = 0; i < from.size(); ++i) {
      const double pair = cost(devices, from[i], to[i]);
      here = {std::max(here.first, pair), here.second + pair};
    }
    best = std::min(best, here);
  } while (std::next_permutation(to.begin(), to.end()));
  return best;
}

TEST(DtfmMatching, IsTheBestOfAllMatchings) {
  Random random(1);
  for (int round = 0; round < 300; ++round) {
    const auto pools = static_cast<int>(1 + random.below(4));
    const auto size = static_cast<int>(1 + random.below(6));
    const Devices devices = random_devices(pools, 2 * size, /*per_node=*/3, random);
    std::vector<int> from(static_cast<std::size_t>(size));
    std::iota(from.begin(), from.end(), 0);
    std::vector<int> to = from;
    for (int& member : to) member += size;
    const auto [slowest, sum] = best_matching(devices, from, to);
    EXPECT_EQ(bottleneck(devices, {devices, from}, {devices, to}), slowest);
    const std::vector<int> ours = matched(devices, from, to);
    EXPECT_EQ(std::set<int>(ours.begin(), ours.end()), std::set<int>(to.begin(), to.end()));
    double our_slowest = 0;
    double our_sum = 0;
    for (std::size_t i = 0; i < from.size(); ++i) {
      our_slowest = std::max(our_slowest, cost(devices, from[i], ours[i]));
      our_sum += cost(devices, from[i], ours[i]);
    }
    EXPECT_EQ(our_slowest, slowest);
    EXPECT_NEAR(our_sum, sum, 1e-9);
  }
}

TEST(DtfmMatching, OfManyDevicesIsThatOfAugmentingPaths) {
  Random random(2);
  for (int round = 0; round < 20; ++round) {
    constexpr int kSize = 40;
    const Devices devices = random_devices(5, 2 * kSize, /*per_node=*/8, random);
    std::vector<int> from(kSize);
    std::iota(from.begin(), from.end(), 0);
    std::vector<int> to = from;
    for (int& member : to) member += kSize;
    const double ours = bottleneck(devices, {devices, from}, {devices, to});
    const auto matches_all = [&](const std::function<bool(double)>& allowed) {
      std::vector<int> partner(kSize, -1);
      for (int i = 0; i < kSize; ++i) {
        std::vector<bool> seen(kSize, false);
        const std::function<bool(int)> augment = [&](int a) {
          for (std::size_t j = 0; j < kSize; ++j) {
            if (seen[j] || !allowed(cost(devices, a, to[j]))) continue;
            seen[j] = true;
            if (partner[j] >= 0 && !augment(partner[j])) continue;
            partner[j] = a;
            return true;
          }
          return false;
        };
        if (!augment(i)) return false;
      }
      return true;
    };
    EXPECT_TRUE(matches_all([&](double pair) { return pair <= ours; }));
    EXPECT_FALSE(matches_all([&](double pair) { return pair < ours; }));
  }
}

TEST(DtfmStageOrder, IsTheShortestOfAll) {
  Random random(3);
  for (int round = 0; round < 200; ++round) {
    const auto count = static_cast<int>(2 + random.below(5));
    std::vector<double> lengths;
    for (int i = 0; i < count * count; ++i) {
      lengths.push_back(static_cast<double>(1 + random.below(9)));
    }
    const auto length_of = [&](const std::vector<int>& order) {
      double sum = 0;
      for (std::size_t i = 0; i + 1 < order.size(); ++i) {
        sum += lengths[static_cast<std::size_t>(order[i] * count + order[i + 1])];
      }
      return sum;
    };
    std::vector<int> order(static_cast<std::size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    double shortest = 1e9;
    do {
      shortest = std::min(shortest, length_of(order));
    } while (std::next_permutation(order.begin(), order.end()));
    const StageOrder ours = shortest_order(lengths, count);
    EXPECT_EQ(ours.length, shortest);
    EXPECT_EQ(length_of(ours.order), shortest);
  }
}

TEST(DtfmStageOrder, OfManyVisitsEachOnce) {
  Random random(4);
  constexpr int kCount = 25;
  std::vector<double> lengths;
  for (int i = 0; i < kCount * kCount; ++i) lengths.push_back(1 + random.uniform());
  const StageOrder ours = shortest_order(lengths, kCount);
  EXPECT_EQ(std::set<int>(ours.order.begin(), ours.order.end()).size(), std::size_t{kCount});
  EXPECT_EQ(ours.order.size(), std::size_t{kCount});
}

TEST(DtfmScore, IsThatWorkedOutPairByPair) {
  Random random(5);
  const Volumes volumes = {3, 5};
  for (int round = 0; round < 50; ++round) {
    const Devices devices = random_devices(3, 15, /*per_node=*/3, random);
    Placement placement(3);
    for (int d = 0; d < 15; ++d) placement[static_cast<std::size_t>(d % 3)].push_back(d);
    double gradients = 0;
    for (const std::vector<int>& members : placement) {
      for (const int i : members) {
        double sum = 0;
        for (const int j : members) {
          if (i != j) sum += 2 * volumes.gradient_bytes * cost(devices, i, j) / 5;
        }
        gradients = std::max(gradients, sum);
      }
    }
    const Score score = score_of(devices, volumes, placement);
    EXPECT_NEAR(score.gradients_s, gradients, 1e-9);
    double pipeline = 0;
    for (std::size_t s = 0; s < 2; ++s) {
      const auto part = [&](std::size_t at) {
        return placement[static_cast<std::size_t>(score.stage_order[at])];
      };
      pipeline += volumes.activation_bytes * best_matching(devices, part(s), part(s + 1)).first;
    }
    EXPECT_NEAR(score.pipeline_s, pipeline, 1e-9);
  }
}

TEST(DtfmLocalSearch, KeepsSizesAndDevices) {
  Random random(6);
  for (int round = 0; round < 50; ++round) {
    const Devices devices = random_devices(3, 20, /*per_node=*/3, random);
    Placement placement(4);
    for (int d = 0; d < 20; ++d) placement[static_cast<std::size_t>(d % 4)].push_back(d);
    improve(devices, placement);
    std::set<int> all;
    for (const std::vector<int>& members : placement) {
      EXPECT_EQ(members.size(), 5U);
      all.insert(members.begin(), members.end());
    }
    EXPECT_EQ(all.size(), 20U);
  }
}

}  // namespace
}  // namespace sextant::dtfm
