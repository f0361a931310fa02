#include "profiler/run/rank_run.h"

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/git_revision.h"
#include "analyzer/core/provenance.h"
#include "analyzer/plan/runnable.h"
#include "profiler/device/versions.h"
#include "profiler/run/process_memory.h"
#include "ranks/meeting.h"

namespace sextant::profiler {

using ranks::AllEnd;
using ranks::RollEntry;

namespace {

/// Figures and documents of a run that goes on need not be newer than this.
constexpr auto kTellEvery = std::chrono::milliseconds(500);
constexpr auto kWriteEvery = std::chrono::seconds(2);
constexpr auto kShowEvery = std::chrono::seconds(2);

std::string figures_key(std::size_t plan, int rank) {
  return fmt::format("figures/{}/{}", plan, rank);
}

/// What all ranks must have alike, so that they do the same.
std::map<std::string, std::string> agreement(const RunRequest& request, int world_size) {
  std::string plans;
  for (const PlanToRun& plan : request.plans) plans += json_text(to_json(plan.plan));
  const RunOptions& options = request.options;
  std::map<std::string, std::string> out = {
      {"program", SEXTANT_VERSION},
      {"git_revision", std::string(git_revision())},
      {"world_size", std::to_string(world_size)},
      {"plans", fmt::format("{:016x}", std::hash<std::string>{}(plans))},
      {"model", request.model.name},
      {"seq_len", std::to_string(request.job.seq_len)},
      {"dtype", std::string(to_string(request.job.dtype))},
      {"iterations",
       fmt::format("{} after {}, {} times", options.iterations, options.warm_up, options.rounds)},
      {"device", std::string(to_string(options.device))}};
  out.merge(library_versions());
  return out;
}

}  // namespace

RankRun::RankRun(const RunRequest& request, const Machine& machine, const ranks::World& world,
                 std::unique_ptr<ranks::Board> board, ranks::Supervisor& supervisor,
                 RunResults* results)
    : request_(request),
      machine_(machine),
      world_(world),
      rank_(world.first_rank),
      board_(std::move(board)),
      seat_(supervisor, *board_, rank_),
      results_(results),
      own_(request.plans.size()) {}

RankRun::~RankRun() = default;

std::int64_t RankRun::position() const {
  constexpr std::int64_t kPositionsOfAUnit = 1'000'000'000;
  return unit_ * kPositionsOfAUnit;
}

void RankRun::run() {
  seat_.begin(0, "starting");
  at::set_num_threads(request_.options.threads);
  open_device();
  answer_the_roll();
  if (leads()) {
    const RunOptions& options = request_.options;
    const auto each = static_cast<std::size_t>(options.warm_up + options.iterations);
    progress_ = std::make_unique<Progress>(
        "run_plan", request_.plans.size() * static_cast<std::size_t>(options.rounds) * each);
  }
  for (int round = 0; round < request_.options.rounds; ++round) {
    for (std::size_t plan = 0; plan < request_.plans.size(); ++plan) run_plan(plan, round);
  }
}

void RankRun::open_device() {
  if (request_.options.device == DeviceKind::kCpu) {
    device_ = open_cpu_device(0);
  } else {
    // Some launchers show each process its own GPU only.
    device_ = open_cuda_device(machine_.devices == 1 ? 0 : world_.first_device, 0);
  }
  // TF32 is one of the data types here: plain fp32 must not fall into it.
  at::globalContext().setFloat32MatmulPrecision(request_.job.dtype == DataType::kTf32 ? "high"
                                                                                      : "highest");
}

void RankRun::answer_the_roll() {
  seat_.begin(0, "calling the roll");
  RollEntry entry;
  entry.rank.host = host_name();
  entry.rank.device = machine_.gpu;
  entry.rank.gpu = machine_.gpu;
  entry.first_rank = world_.first_rank;
  entry.agreement = agreement(request_, world_.size);
  ranks::meet(seat_, *board_, rank_, world_.size, std::move(entry),
              [this](const std::vector<RollEntry>& entries) {
                for (const RollEntry& other : entries) {
                  one_host_ = one_host_ && other.rank.host == entries.front().rank.host;
                }
                describe_results();
              });
}

void RankRun::describe_results() {
  std::map<std::string, std::string> provenance = device_->provenance();
  provenance["host"] = host_name();
  provenance["command"] = request_.options.command;
  provenance["git_revision"] = git_revision();
  provenance["time"] = utc_now();
  results_->describe(device_->evidence(), provenance);
}

void RankRun::wait_for_turn() {
  ++unit_;
  const std::string key = fmt::format("turn/{}", unit_);
  if (leads()) {
    board_->set(key, "");
    return;
  }
  seat_.idle(position());
  seat_.wait(key);
}

void RankRun::run_plan(std::size_t number, int round) {
  wait_for_turn();
  const PlanToRun& plan = request_.plans[number];
  const RankLayout layout(plan.plan);
  if (rank_ >= layout.size()) return;
  const std::string as =
      fmt::format("of plan {} as {}", quote(plan.name), text(layout.place(rank_), plan.plan));
  seat_.begin(position() + 1, "meeting the other ranks " + as);
  device_->memory().release_cached();
  // The supervisor, which names ranks, shall be first.
  constexpr double kLater = 10;
  PlanWorld world({plan.plan, layout, ties_stages(plan.plan, request_.model), rank_,
                   device_->torch_device(),
                   [this](const std::string& group) {
                     return board_->store(fmt::format("group/{}/{}/", unit_, group));
                   },
                   std::chrono::milliseconds(
                       static_cast<std::int64_t>((request_.options.timeout_s + kLater) * 1000))});
  seat_.begin(position() + 2, "building the layers " + as);
  PhaseClock clock(device_->clock());
  StageWorker worker({plan, request_, layout, rank_, world, clock, device_->torch_device()});
  run_iterations({number, round, layout, world, worker, clock, as});
}

void RankRun::run_iterations(const Running& running) {
  // What only building took is no part of the peaks.
  device_->synchronize();
  device_->memory().release_cached();
  device_->begin_point();
  const int iterations = request_.options.warm_up + request_.options.iterations;
  for (int i = 0; i < iterations; ++i) {
    seat_.begin(position() + 3 + i, fmt::format("in iteration {} {}", i, running.as));
    run_iteration(running, i);
  }
  tell(running);
  at::Tensor token = at::zeros({1}, at::TensorOptions().device(running.world.control_device()));
  running.world.all().all_reduce_sum(token);  // all have told
  if (!leads()) return;
  hear(running.plan, running.layout);
  if (running.round + 1 == request_.options.rounds) results_->complete(running.plan);
  results_->write("the run goes on");
}

void RankRun::run_iteration(const Running& running, int iteration) {
  Collectives& all = running.world.all();
  const at::TensorOptions type =
      at::TensorOptions(at::kDouble).device(running.world.control_device());
  running.worker.prepare(iteration);
  device_->synchronize();
  at::Tensor token = at::zeros({1}, type);
  all.all_reduce_sum(token);
  if (running.world.control_device().is_cuda()) device_->synchronize();

  const auto seconds_of = [](Clock::time_point time) {
    return std::chrono::duration<double>(time.time_since_epoch()).count();
  };
  const double begin = seconds_of(Clock::now());
  running.clock.begin();
  running.worker.run();
  device_->synchronize();
  const double end = seconds_of(Clock::now());

  // The first start is the least, so the largest of its negative.
  at::Tensor times = at::tensor({-begin, end, end - begin}, at::kDouble).to(type.device());
  all.all_reduce_max(times);
  at::Tensor loss = at::full({1}, running.worker.loss(), type);
  all.all_reduce_sum(loss);
  const at::Tensor found = times.cpu();
  const auto* const value = found.data_ptr<double>();
  // Clocks of different machines cannot be compared; there the longest time of a rank counts.
  keep_iteration(running, iteration, one_host_ ? value[1] + value[0] : value[2],
                 loss.item<double>());
}

void RankRun::keep_iteration(const Running& running, int iteration, double seconds, double loss) {
  const bool measured = iteration >= request_.options.warm_up;
  if (measured) own_[running.plan].phases.push_back(running.clock.phases());
  if (!std::isfinite(loss)) {
    throw AllEnd{fmt::format("the loss of iteration {} of plan {} is no finite number", iteration,
                             quote(request_.plans[running.plan].name))};
  }
  if (Clock::now() - told_ > kTellEvery) tell(running);
  if (!leads()) return;
  results_->add_iteration(running.plan, measured ? std::optional(seconds) : std::nullopt,
                          running.round == 0 ? std::optional(loss) : std::nullopt);
  show_progress(running, iteration);
  if (!measured || Clock::now() - written_ < kWriteEvery) return;
  if (written_ == Clock::time_point{}) board_->set("measured", "");
  hear(running.plan, running.layout);
  results_->write("rank 0 ended while the run went on");
  written_ = Clock::now();
}

void RankRun::show_progress(const Running& running, int iteration) {
  ++done_;
  const int last = request_.options.warm_up + request_.options.iterations - 1;
  if (iteration != last && Clock::now() - shown_ < kShowEvery) return;
  shown_ = Clock::now();
  progress_->update(done_,
                    fmt::format("{}, iteration {}", request_.plans[running.plan].name, iteration));
}

void RankRun::tell(const Running& running) {
  OwnResult& own = own_[running.plan];
  const DeviceMemory& memory = device_->memory();
  own.peak_allocated_bytes = std::max(own.peak_allocated_bytes, memory.peak_allocated());
  own.peak_reserved_bytes = std::max(own.peak_reserved_bytes, memory.peak_reserved());
  if (own.phases.empty()) return;
  const RankPlace& place = running.layout.place(rank_);
  MeasuredRank rank;
  rank.pipeline = place.pipeline;
  rank.stage = place.stage;
  rank.replica = place.replica;
  rank.tp_rank = place.tp_rank;
  rank.host = host_name();
  rank.gpu = machine_.gpu;
  rank.phases = median_phases(own.phases);
  rank.peak_allocated_bytes = own.peak_allocated_bytes;
  rank.peak_reserved_bytes = own.peak_reserved_bytes;
  rank.process_bytes = process_bytes(device_->evidence(), device_->provenance());
  board_->set(figures_key(running.plan, rank_), json_text(to_json(rank)));
  told_ = Clock::now();
}

void RankRun::hear(std::size_t plan, const RankLayout& layout) {
  for (int rank = 0; rank < layout.size(); ++rank) {
    const auto text = board_->look(figures_key(plan, rank));
    if (!text) continue;
    const JsonDocument document =
        JsonDocument::parse(*text, fmt::format("what rank {} measured", rank));
    results_->set_rank(plan, measured_rank_from(document.root(), request_.plans[plan].plan));
  }
}

}  // namespace sextant::profiler
