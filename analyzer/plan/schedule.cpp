#include "analyzer/plan/schedule.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

std::vector<Task> gpipe(int microbatches) {
  std::vector<Task> program;
  for (int m = 0; m < microbatches; ++m) program.push_back({Work::kForward, m, 0});
  for (int m = microbatches - 1; m >= 0; --m) program.push_back({Work::kBackward, m, 0});
  return program;
}

std::vector<Task> one_f_one_b(int stage, int stages, int microbatches) {
  const int warm_up = std::min(stages - stage - 1, microbatches);
  std::vector<Task> program;
  for (int m = 0; m < warm_up; ++m) program.push_back({Work::kForward, m, 0});
  for (int m = 0; m < microbatches; ++m) {
    if (warm_up + m < microbatches) program.push_back({Work::kForward, warm_up + m, 0});
    program.push_back({Work::kBackward, m, 0});
  }
  return program;
}

std::vector<Task> zero_bubble_h1(int stage, int stages, int microbatches) {
  const int warm_up = std::min(stages - stage - 1, microbatches);
  // Stage s holds stages - s microbatches for its backward and s more for their weight gradients:
  // `stages` in all, which is what the first stage of 1f1b holds.
  const int delay = stage;
  std::vector<Task> program;
  for (int m = 0; m < warm_up; ++m) program.push_back({Work::kForward, m, 0});
  for (int m = 0; m < microbatches; ++m) {
    if (warm_up + m < microbatches) program.push_back({Work::kForward, warm_up + m, 0});
    program.push_back({Work::kBackwardInput, m, 0});
    if (m >= delay) program.push_back({Work::kBackwardWeight, m - delay, 0});
  }
  for (int m = std::max(0, microbatches - delay); m < microbatches; ++m) {
    program.push_back({Work::kBackwardWeight, m, 0});
  }
  return program;
}

/// The k-th unit of work: microbatches go through the chunks in groups of `stages`.
Task interleaved_task(Work work, int k, int stages, int chunks) {
  const int group = k / (stages * chunks);
  const int within = k % (stages * chunks);
  const int chunk = within / stages;
  return {work, group * stages + within % stages,
          work == Work::kForward ? chunk : chunks - 1 - chunk};
}

std::vector<Task> interleaved(int stage, int stages, int microbatches, int chunks) {
  if (microbatches % stages != 0) {
    throw_bad_input(fmt::format(
        "schedule interleaved-1f1b: {} microbatches are not a multiple of {} stages; the nearest "
        "that are: {} and {}",
        microbatches, stages, std::max(1, microbatches / stages) * stages,
        (microbatches / stages + 1) * stages));
  }
  const int total = microbatches * chunks;
  const int warm_up = std::min(total, (stages - stage - 1) * 2 + (chunks - 1) * stages);
  std::vector<Task> program;
  for (int k = 0; k < warm_up; ++k) {
    program.push_back(interleaved_task(Work::kForward, k, stages, chunks));
  }
  for (int k = 0; k < total; ++k) {
    if (warm_up + k < total) {
      program.push_back(interleaved_task(Work::kForward, warm_up + k, stages, chunks));
    }
    program.push_back(interleaved_task(Work::kBackward, k, stages, chunks));
  }
  return program;
}

}  // namespace

std::vector<Task> stage_program(ScheduleKind kind, int stage, int stages, int microbatches,
                                int chunks) {
  if (stages < 1 || stage < 0 || stage >= stages || microbatches < 1 || chunks < 1) {
    throw_bad_input(
        fmt::format("schedule {}: stage {} of {}, {} microbatches, {} chunks is not possible",
                    to_string(kind), stage, stages, microbatches, chunks));
  }
  if (chunks != 1 && kind != ScheduleKind::kInterleaved) {
    throw_bad_input(
        fmt::format("schedule {}: has one chunk a stage, not {}", to_string(kind), chunks));
  }
  switch (kind) {
    case ScheduleKind::kGPipe:
      return gpipe(microbatches);
    case ScheduleKind::kOneFOneB:
      return one_f_one_b(stage, stages, microbatches);
    case ScheduleKind::kInterleaved:
      return interleaved(stage, stages, microbatches, chunks);
    case ScheduleKind::kZeroBubbleH1:
      return zero_bubble_h1(stage, stages, microbatches);
  }
  throw Error(ErrorCode::kInternal, "a schedule without a program");
}

int peak_in_flight(const std::vector<Task>& program) {
  const bool split = std::any_of(program.begin(), program.end(), [](const Task& task) {
    return task.work == Work::kBackwardWeight;
  });
  int held = 0;
  int peak = 0;
  for (const Task& task : program) {
    if (task.work == Work::kForward) ++held;
    peak = std::max(peak, held);
    if (task.work == (split ? Work::kBackwardWeight : Work::kBackward)) --held;
  }
  return peak;
}

}  // namespace sextant
