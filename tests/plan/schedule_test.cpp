#include "analyzer/plan/schedule.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/core/error.h"

namespace sextant {
namespace {

/// The largest number of microbatches that any stage of the schedule may hold.
int in_flight_limit(ScheduleKind kind, int stage, int stages, int microbatches, int chunks) {
  switch (kind) {
    case ScheduleKind::kGPipe:
      return microbatches;
    case ScheduleKind::kOneFOneB:
      return std::min(stages - stage, microbatches);
    case ScheduleKind::kInterleaved:
      return std::min(microbatches * chunks, 2 * (stages - stage - 1) + (chunks - 1) * stages + 1);
    case ScheduleKind::kZeroBubbleH1:
      return std::min(stages, microbatches);
  }
  return 0;
}

/// Runs all programs side by side, each task as soon as its inputs are there; true where all end.
bool runs_to_the_end(const std::vector<std::vector<Task>>& programs, int chunks) {
  const int stages = static_cast<int>(programs.size());
  std::set<std::tuple<int, int, int>> forward_done;   // (virtual stage, microbatch, 0)
  std::set<std::tuple<int, int, int>> backward_done;  // of the input's gradient
  std::vector<std::size_t> next(programs.size(), 0);
  const int last = stages * chunks - 1;
  bool moved = true;
  while (moved) {
    moved = false;
    for (int s = 0; s < stages; ++s) {
      const auto i = static_cast<std::size_t>(s);
      while (next[i] < programs[i].size()) {
        const Task& task = programs[i][next[i]];
        const int place = task.chunk * stages + s;
        bool ready = true;
        if (task.work == Work::kForward) {
          ready = place == 0 || forward_done.contains({place - 1, task.microbatch, 0});
        } else if (task.work == Work::kBackwardWeight) {
          ready = backward_done.contains({place, task.microbatch, 0});
        } else {
          ready = forward_done.contains({place, task.microbatch, 0}) &&
                  (place == last || backward_done.contains({place + 1, task.microbatch, 0}));
        }
        if (!ready) break;
        if (task.work == Work::kForward) forward_done.insert({place, task.microbatch, 0});
        if (task.work == Work::kBackward || task.work == Work::kBackwardInput) {
          backward_done.insert({place, task.microbatch, 0});
        }
        ++next[i];
        moved = true;
      }
    }
  }
  for (std::size_t s = 0; s < programs.size(); ++s) {
    if (next[s] != programs[s].size()) return false;
  }
  return true;
}

RC_GTEST_PROP(Schedule, DoesEverythingOnceWithoutDeadlockWithinItsMemory, ()) {
  const auto kind = *rc::gen::element(ScheduleKind::kGPipe, ScheduleKind::kOneFOneB,
                                      ScheduleKind::kInterleaved, ScheduleKind::kZeroBubbleH1);
  const int stages = *rc::gen::inRange(1, 9);
  int microbatches = *rc::gen::inRange(1, 25);
  int chunks = 1;
  if (kind == ScheduleKind::kInterleaved) {
    chunks = *rc::gen::inRange(1, 4);
    microbatches = stages * *rc::gen::inRange(1, 4);
  }
  std::vector<std::vector<Task>> programs;
  for (int s = 0; s < stages; ++s) {
    programs.push_back(stage_program(kind, s, stages, microbatches, chunks));
    std::map<std::tuple<Work, int, int>, int> count;
    for (const Task& task : programs.back()) ++count[{task.work, task.microbatch, task.chunk}];
    const std::size_t works = kind == ScheduleKind::kZeroBubbleH1 ? 3 : 2;
    RC_ASSERT(count.size() == works * static_cast<std::size_t>(microbatches * chunks));
    for (const auto& [task, times] : count) RC_ASSERT(times == 1);
    RC_ASSERT(peak_in_flight(programs.back()) <=
              in_flight_limit(kind, s, stages, microbatches, chunks));
  }
  RC_ASSERT(runs_to_the_end(programs, chunks));
}

// Stage 0 of 2, 3 microbatches: one forward ahead, then one forward, one backward.
TEST(Schedule, OneFOneBByHand) {
  const std::vector<Task> expected = {{Work::kForward, 0, 0},  {Work::kForward, 1, 0},
                                      {Work::kBackward, 0, 0}, {Work::kForward, 2, 0},
                                      {Work::kBackward, 1, 0}, {Work::kBackward, 2, 0}};
  EXPECT_EQ(stage_program(ScheduleKind::kOneFOneB, 0, 2, 3), expected);
}

// The last stage of 2 delays each weight gradient by one microbatch, so that the input gradient
// that stage 0 waits for leaves at once.
TEST(Schedule, ZeroBubbleByHand) {
  const std::vector<Task> expected = {{Work::kForward, 0, 0},        {Work::kBackwardInput, 0, 0},
                                      {Work::kForward, 1, 0},        {Work::kBackwardInput, 1, 0},
                                      {Work::kBackwardWeight, 0, 0}, {Work::kBackwardWeight, 1, 0}};
  EXPECT_EQ(stage_program(ScheduleKind::kZeroBubbleH1, 1, 2, 2), expected);
}

TEST(Schedule, RefusesWhatItCannotDo) {
  EXPECT_THROW(stage_program(ScheduleKind::kOneFOneB, 2, 2, 4), Error);
  EXPECT_THROW(stage_program(ScheduleKind::kOneFOneB, 0, 2, 0), Error);
  EXPECT_THROW(stage_program(ScheduleKind::kOneFOneB, 0, 2, 4, 2), Error);
  EXPECT_THROW(stage_program(ScheduleKind::kInterleaved, 0, 4, 6, 2), Error);
  EXPECT_THROW(schedule_from("chimera"), Error);
  EXPECT_EQ(schedule_from("zb-h1"), ScheduleKind::kZeroBubbleH1);
}

}  // namespace
}  // namespace sextant
