#include "reproduce/helix_simulation.h"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <exception>
#include <iterator>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "analyzer/core/error.h"
#include "analyzer/core/progress.h"

namespace sextant {

namespace {

// As the artifact has it.
constexpr std::uint32_t kSeed = 0;

/// One system of a method, and what came of it.
struct Task {
  std::size_t method = 0;
  const HelixSystem* system = nullptr;
  bool ours = false;
  std::optional<ServingSimulationResult> result = std::nullopt;
  double simulate_s = 0;
  std::string failure = {};
  std::exception_ptr error = nullptr;
};

ServingSimulationResult simulated(const Task& task, const RecordedRequests& recorded, bool online) {
  const HelixSystem& system = *task.system;
  ServingSimulationOptions options =
      online ? helix_online_options(system.scheduler) : helix_offline_options(system.scheduler);
  options.seed = kSeed;
  options.overflow = system.overflow;
  if (online) {
    // The artifact's own runs never met it; where ours do, requests wait.
    if (task.ours) options.overflow = OverflowPolicy::kQueue;
    return simulate_serving(
        system.network,
        recorded_trace(recorded, system.load.tokens_per_s, options.duration_s, kSeed), options);
  }
  ClosedLoop loop;
  loop.lengths = recorded.lengths;
  loop.initial_requests = system.load.initial_requests;
  loop.fill_kv_cache = system.scheduler == RequestScheduler::kFlow;
  return simulate_serving(system.network, loop, options);
}

void run(Task& task, const RecordedRequests& recorded, bool online) {
  const auto start = std::chrono::steady_clock::now();
  try {
    task.result = simulated(task, recorded, online);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kInfeasible) {
      task.failure = error.what();
    } else {
      task.error = std::current_exception();
    }
  } catch (...) {
    task.error = std::current_exception();
  }
  task.simulate_s = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

LatencyPercentiles percentiles(const std::vector<double>& ascending) {
  LatencyPercentiles out{};
  for (std::size_t p = 0; p < out.size(); ++p) {
    out[p] = artifact_percentile(ascending, kLatencyPercentiles[p].share).value_or(0);
  }
  return out;
}

HelixOutcome outcome_of(std::size_t method, const std::vector<Task>& tasks) {
  HelixOutcome out;
  std::vector<double>& prompts = out.prompt_samples_s;
  std::vector<double>& decodes = out.decode_samples_s;
  for (const Task& task : tasks) {
    if (task.method != method) continue;
    out.simulate_s += task.simulate_s;
    if (!task.result) {
      out.failure = task.failure;
      return out;
    }
    const ServingSimulationResult& result = *task.result;
    out.decode_tokens_per_s += result.decode_tokens_per_s;
    out.finished += result.finished;
    out.rejected += result.rejected + result.dropped;
    out.nodes.push_back(result.nodes);
    prompts.insert(prompts.end(), result.prompt_latency_s.begin(), result.prompt_latency_s.end());
    decodes.insert(decodes.end(), result.decode_latency_s.begin(), result.decode_latency_s.end());
  }
  if (prompts.empty() || decodes.empty()) {
    out.failure = "no prompt or no decode step ended within the time that counts";
    return out;
  }
  std::sort(prompts.begin(), prompts.end());
  std::sort(decodes.begin(), decodes.end());
  out.prompt_latency_s = percentiles(prompts);
  out.decode_latency_s = percentiles(decodes);
  return out;
}

}  // namespace

std::vector<HelixOutcome> simulate_helix(const HelixExperiment& experiment,
                                         const std::vector<HelixMethod>& methods,
                                         const RecordedRequests& recorded, unsigned threads,
                                         bool progress) {
  std::vector<Task> tasks;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    for (const HelixSystem& system : methods[m].systems) {
      tasks.push_back({.method = m, .system = &system, .ours = methods[m].ours});
    }
  }
  Progress shown("simulations", tasks.size(), progress);
  std::mutex mutex;
  std::atomic<std::size_t> next = 0;
  std::size_t done = 0;
  const auto work = [&] {
    for (std::size_t t = next++; t < tasks.size(); t = next++) {
      run(tasks[t], recorded, experiment.online);
      const std::lock_guard<std::mutex> lock(mutex);
      shown.update(++done, methods[tasks[t].method].name);
    }
  };
  const std::size_t wanted =
      threads > 0 ? threads : std::max(std::thread::hardware_concurrency(), 1U);
  {
    std::vector<std::jthread> helpers;
    for (std::size_t t = 1; t < std::min(wanted, tasks.size()); ++t) helpers.emplace_back(work);
    work();
  }
  for (const Task& task : tasks) {
    if (task.error) std::rethrow_exception(task.error);
  }
  std::vector<HelixOutcome> out;
  for (std::size_t m = 0; m < methods.size(); ++m) {
    HelixOutcome outcome = outcome_of(m, tasks);
    if (methods[m].systems.empty()) outcome.failure = methods[m].reason;
    out.push_back(std::move(outcome));
  }
  return out;
}

}  // namespace sextant
