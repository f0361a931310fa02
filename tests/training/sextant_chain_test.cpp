#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <tuple>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/random.h"
#include "analyzer/training/sextant/chain.h"

namespace sextant {
namespace {

/// Stages that all take f forward and b backward, and messages that take nothing.
Chain even(ScheduleKind schedule, int stages, int microbatches, double f, double b,
           int chunks = 1) {
  Chain chain;
  chain.schedule = schedule;
  chain.stages = stages;
  chain.microbatches = microbatches;
  chain.chunks = chunks;
  const auto count = static_cast<std::size_t>(stages * chunks);
  chain.forward_s.assign(count, f / chunks);
  chain.backward_s.assign(count, b / chunks);
  chain.weight_gradient_s.assign(count, b / chunks / 2);
  chain.activation_s.assign(count - 1, 0);
  chain.gradient_s.assign(count - 1, 0);
  return chain;
}

constexpr ScheduleKind kSchedules[] = {ScheduleKind::kGPipe, ScheduleKind::kOneFOneB,
                                       ScheduleKind::kInterleaved, ScheduleKind::kZeroBubbleH1};

Chain random_chain(Random& random) {
  const ScheduleKind schedule = kSchedules[random.below(4)];
  const int stages = 1 + static_cast<int>(random.below(6));
  const int chunks =
      schedule == ScheduleKind::kInterleaved ? 1 + static_cast<int>(random.below(3)) : 1;
  int microbatches = 1 + static_cast<int>(random.below(20));
  if (schedule == ScheduleKind::kInterleaved) microbatches *= stages;
  Chain chain = even(schedule, stages, microbatches, 1, 2, chunks);
  const double message = random.below(3) == 0 ? 0 : random.uniform();
  for (std::size_t v = 0; v < chain.forward_s.size(); ++v) {
    chain.forward_s[v] = 0.1 + random.uniform();
    chain.backward_s[v] = 0.2 + 2 * random.uniform();
    chain.weight_gradient_s[v] = chain.backward_s[v] * random.uniform();
  }
  for (auto* times : {&chain.activation_s, &chain.gradient_s}) {
    for (double& time : *times) time = message * random.uniform();
  }
  if (random.below(2) == 0) chain.sends = Framework::Sends::kBlocking;
  chain.gradient_before_activation = random.below(2) == 0;
  if (random.below(4) == 0) chain.last_backward_factor = 1 + random.uniform();
  return chain;
}

constexpr int kCases = 2000;

TEST(SextantChain, BubblesOfTextbookSchedulesAreTheirClosedForms) {
  for (int p = 1; p <= 8; ++p) {
    for (int m = 1; m <= 40; m += 3) {
      const double f = 1;
      const double b = 2.25;
      const double work = m * (f + b);
      for (const ScheduleKind schedule : {ScheduleKind::kGPipe, ScheduleKind::kOneFOneB}) {
        const double end = simulate(even(schedule, p, m, f, b)).end_s();
        EXPECT_DOUBLE_EQ(end, (m + p - 1) * (f + b));
        EXPECT_NEAR((end - work) / end, (p - 1.0) / (m + p - 1), 1e-12);
        EXPECT_DOUBLE_EQ(regular_times(even(schedule, p, m, f, b)).end_s(), end);
      }
    }
  }
}

TEST(SextantChain, InterleavingDividesTheBubbleByTheChunks) {
  for (int p = 2; p <= 6; ++p) {
    for (int chunks = 1; chunks <= 4; ++chunks) {
      const int m = 4 * p;
      const Chain chain = even(ScheduleKind::kInterleaved, p, m, 1, 2, chunks);
      EXPECT_NEAR(simulate(chain).end_s(), m * 3.0 + (p - 1) * 3.0 / chunks, 1e-9);
    }
  }
}

TEST(SextantChain, ZeroBubbleH1SavesTheWeightGradientsFromTheBubble) {
  // Qi et al. 2023, table 2: (p - 1) (T_F + T_B - T_W) with T_F = T_B = T_W.
  for (int p = 2; p <= 6; ++p) {
    const int m = 4 * p;
    EXPECT_NEAR(simulate(even(ScheduleKind::kZeroBubbleH1, p, m, 1, 2)).end_s(),
                m * 3.0 + (p - 1) * 1.0, 1e-9);
  }
}

TEST(SextantChain, MessagesWorkedByHand) {
  // Two stages, one microbatch: forward 1, message 0.5, forward 1, backward 2, message 0.25,
  // backward 2.
  Chain chain = even(ScheduleKind::kOneFOneB, 2, 1, 1, 2);
  chain.activation_s = {0.5};
  chain.gradient_s = {0.25};
  EXPECT_DOUBLE_EQ(simulate(chain).end_s(), 6.75);
  // Two microbatches, sends beside computations. Stage 0: F0 0-1, F1 1-2, B0 after stage 1's B0.
  // Stage 1: F0 1.5-2.5, B0 2.5-4.5, F1 (there since 2.5) 4.5-5.5, B1 5.5-7.5.
  // Stage 0: B0 4.75-6.75, B1 7.75-9.75.
  chain.microbatches = 2;
  EXPECT_DOUBLE_EQ(simulate(chain).end_s(), 9.75);
  // Blocking: F0 0-1, send to 1.5, F1 1.5-2.5, send to 3. Stage 1: F0 1.5-2.5, B0 to 4.5, send to
  // 4.75, F1 to 5.75, B1 to 7.75, send to 8. Stage 0: B0 4.75-6.75, B1 8-10.
  chain.sends = Framework::Sends::kBlocking;
  EXPECT_DOUBLE_EQ(simulate(chain).end_s(), 10);
  // The second activation waits for the first gradient (4.75) and arrives at 5.25. Stage 1: F1
  // 5.25-6.25, B1 to 8.25, send to 8.5. Stage 0: sends 4.75-5.25, B0 to 7.25, B1 8.5-10.5.
  chain.gradient_before_activation = true;
  EXPECT_DOUBLE_EQ(simulate(chain).end_s(), 10.5);
}

TEST(SextantChain, TheRecurrenceGivesWhatTheEventsGive) {
  Random random(20);
  int regular = 0;
  for (int i = 0; i < 4 * kCases; ++i) {
    Chain chain = random_chain(random);
    if (!is_regular(chain)) continue;
    ++regular;
    // Long runs repeat themselves, so that passes are skipped.
    if (random.below(2) == 0) chain.microbatches += 200;
    const ChainTimes events = simulate(chain);
    const ChainTimes recurrence = regular_times(chain);
    for (std::size_t s = 0; s < events.stage_end_s.size(); ++s) {
      ASSERT_NEAR(recurrence.stage_end_s[s], events.stage_end_s[s], 1e-9 * events.end_s()) << i;
      ASSERT_NEAR(recurrence.last_backward_start_s[s], events.last_backward_start_s[s],
                  1e-9 * events.end_s())
          << i;
    }
  }
  EXPECT_GT(regular, kCases);
}

double busiest_stage_s(const Chain& chain) {
  double busiest = 0;
  for (int s = 0; s < chain.stages; ++s) {
    double busy = 0;
    for (int c = 0; c < chain.chunks; ++c) {
      const auto v = static_cast<std::size_t>(c * chain.stages + s);
      busy += chain.microbatches * (chain.forward_s[v] + chain.backward_s[v]);
    }
    busiest = std::max(busiest, busy);
  }
  return busiest;
}

/// One microbatch through all virtual stages and back, without the last weights' gradient.
double critical_path_s(const Chain& chain) {
  const auto sum = [](const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0);
  };
  double path = sum(chain.forward_s) + sum(chain.backward_s) + sum(chain.activation_s) +
                sum(chain.gradient_s);
  if (chain.schedule == ScheduleKind::kZeroBubbleH1) path -= sum(chain.weight_gradient_s);
  return path;
}

TEST(SextantChain, NeverFasterThanItsBusiestStageOrItsCriticalPath) {
  Random random(21);
  for (int i = 0; i < kCases; ++i) {
    const Chain chain = random_chain(random);
    const double end = times_of(chain).end_s();
    ASSERT_GE(end, busiest_stage_s(chain) * (1 - 1e-12));
    ASSERT_GE(end, critical_path_s(chain) * (1 - 1e-12));
  }
}

TEST(SextantChain, SlowerPartsNeverMakeItFaster) {
  Random random(22);
  for (int i = 0; i < kCases; ++i) {
    const Chain chain = random_chain(random);
    const double end = simulate(chain).end_s();
    Chain slower = chain;
    for (auto* times : {&slower.forward_s, &slower.activation_s, &slower.gradient_s}) {
      if (times->empty()) continue;
      (*times)[random.below(times->size())] += random.uniform();
    }
    const std::size_t v = random.below(slower.backward_s.size());
    slower.backward_s[v] += random.uniform();
    ASSERT_GE(simulate(slower).end_s(), end * (1 - 1e-12)) << i;
    Chain more = chain;
    more.microbatches += chain.schedule == ScheduleKind::kInterleaved ? chain.stages : 1;
    ASSERT_GE(simulate(more).end_s(), end * (1 - 1e-12)) << i;
  }
}

TEST(SextantChain, EveryMicrobatchIsComputedOnceAndInOrderOfItsInputs) {
  Random random(23);
  for (int i = 0; i < 300; ++i) {
    const Chain chain = random_chain(random);
    std::vector<TimelineSpan> spans;
    const ChainTimes times = simulate(chain, nullptr, &spans);
    std::map<std::tuple<Activity, int, int>, TimelineSpan>
        done;  // activity, virtual stage, microbatch
    std::map<std::pair<int, Stream>, double> free_s;
    std::stable_sort(spans.begin(), spans.end(),
                     [](const auto& a, const auto& b) { return a.start_s < b.start_s; });
    double latest = 0;
    for (const TimelineSpan& span : spans) {
      ASSERT_LE(span.start_s, span.end_s);
      double& free = free_s[{span.track, span.stream}];
      ASSERT_GE(span.start_s, free - 1e-9) << "spans of a stream overlap";
      free = span.end_s;
      latest = std::max(latest, span.end_s);
      const int v = span.chunk * chain.stages + span.track;
      ASSERT_TRUE(done.emplace(std::tuple(span.activity, v, span.microbatch), span).second);
    }
    ASSERT_LE(times.end_s(), latest + 1e-9);
    const int last = chain.stages * chain.chunks - 1;
    const bool split = chain.schedule == ScheduleKind::kZeroBubbleH1;
    const Activity backward = split ? Activity::kBackwardInput : Activity::kBackward;
    for (int v = 0; v <= last; ++v) {
      for (int m = 0; m < chain.microbatches; ++m) {
        const TimelineSpan& forward = done.at({Activity::kForward, v, m});
        const TimelineSpan& back = done.at({backward, v, m});
        ASSERT_GE(back.start_s, forward.end_s - 1e-9);
        if (split) {
          ASSERT_GE(done.at({Activity::kBackwardWeight, v, m}).start_s, back.end_s - 1e-9);
        }
        if (v == last) continue;
        const double message = chain.activation_s[static_cast<std::size_t>(v)];
        ASSERT_GE(done.at({Activity::kForward, v + 1, m}).start_s, forward.end_s + message - 1e-9);
        ASSERT_GE(back.start_s, done.at({backward, v + 1, m}).end_s - 1e-9);
      }
    }
  }
}

TEST(SextantChain, NoiseIsSeededAndHasItsSize) {
  const Chain chain = even(ScheduleKind::kOneFOneB, 4, 32, 1, 2);
  const auto end = [&](double share, std::uint64_t seed) {
    ComputationNoise noise(share, seed);
    return simulate(chain, &noise).end_s();
  };
  EXPECT_EQ(end(0.05, 7), end(0.05, 7));
  EXPECT_NE(end(0.05, 7), end(0.05, 8));
  ComputationNoise noise(0.1, 3);
  double sum = 0;
  double squares = 0;
  constexpr int kDraws = 20000;
  for (int i = 0; i < kDraws; ++i) {
    const double z = std::log(noise.factor());
    sum += z;
    squares += z * z;
  }
  EXPECT_NEAR(sum / kDraws, 0, 0.003);
  EXPECT_NEAR(std::sqrt(squares / kDraws), 0.1, 0.002);
}

TEST(SextantChain, InterleavingRefusesMicrobatchesThatDoNotFit) {
  EXPECT_THROW(simulate(even(ScheduleKind::kInterleaved, 4, 6, 1, 2, 2)), Error);
}

}  // namespace
}  // namespace sextant
