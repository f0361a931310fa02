#include "nccl_bench/rank_run.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/git_revision.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/provenance.h"
#include "analyzer/core/table.h"
#include "nccl_bench/size_measurement.h"
#include "nccl_bench/topology.h"
#include "ranks/meeting.h"

namespace sextant::bench {

using ranks::AllEnd;
using ranks::RollEntry;

namespace {

std::map<std::string, std::string> details_from(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "a group's details");
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : document.root().members()) out[name] = value.string();
  return out;
}

/// Each value once; several where ends differ, "tcp on eth0; tcp on eth1".
std::string all_of(const std::vector<std::string>& values) {
  constexpr std::size_t kMost = 4;
  const std::set<std::string> different(values.begin(), values.end());
  return different.size() > kMost ? "" : fmt::format("{}", fmt::join(different, "; "));
}

/// The value that all have, "" where they differ.
std::string common(const std::vector<std::string>& values) {
  const std::set<std::string> different(values.begin(), values.end());
  return different.size() == 1 ? *different.begin() : "";
}

}  // namespace

RankRun::RankRun(const BenchOptions& options, const SweepPlan& plan, const World& world, int rank,
                 std::unique_ptr<Board> board, Supervisor& supervisor, Results* results)
    : options_(options),
      plan_(plan),
      world_(world),
      rank_(rank),
      board_(std::move(board)),
      seat_(supervisor, *board_, rank),
      results_(results) {}

RankRun::~RankRun() = default;

std::int64_t RankRun::position() const {
  return unit_ * kPositionsOfASize;
}

void RankRun::run() {
  answer_the_roll();
  if (leads()) progress_ = std::make_unique<Progress>("nccl_bench", plan_.points());
  for (std::size_t i = 0; i < plan_.sections.size(); ++i) run_section(plan_.sections[i], i);
}

void RankRun::answer_the_roll() {
  seat_.begin(0, "calling the roll");
  RollEntry entry;
  entry.rank = describe_rank(plan_.backend, device(), options_.gpu_type);
  entry.rank.zone = options_.zone;
  entry.first_rank = world_.first_rank;
  entry.agreement = agreement(options_, plan_);
  entry.agreement["program"] = SEXTANT_VERSION;
  entry.agreement["git_revision"] = git_revision();
  entry.agreement["world_size"] = std::to_string(world_.size);
  for (const auto& [name, version] : backend_versions(plan_.backend)) {
    entry.agreement[name] = version;
  }
  ranks::meet(seat_, *board_, rank_, world_.size, std::move(entry),
              [this](const std::vector<RollEntry>& entries) {
                for (const RollEntry& other : entries) ranks_.push_back(other.rank);
                results_->change([&](BandwidthDocument& document) {
                  document.topology = take_topology(ranks_);
                  document.ranks = ranks_;
                });
              });
}

void RankRun::wait_for_turn() {
  const std::string key = fmt::format("turn/{}", unit_);
  if (leads()) {
    board_->set(key, "");
    return;
  }
  seat_.idle(position());
  seat_.wait(key);
}

void RankRun::open_section(const PlanSection& section, std::size_t number) {
  wait_for_turn();
  seat_.begin(position() + 1, fmt::format("joining the group of {} ranks", section.group_size));
  GroupSetting setting;
  setting.backend = plan_.backend;
  setting.store = board_->store(fmt::format("group/{}", number));
  setting.rank = rank_;
  setting.size = section.group_size;
  setting.device = device();
  // The supervisor, which names ranks, shall be first.
  constexpr double kLater = 10;
  setting.timeout =
      std::chrono::milliseconds(static_cast<std::int64_t>((options_.timeout_s + kLater) * 1000));
  setting.rendezvous_host = world_.host;
  group_ = open_group(setting);
  seat_.hold(group_);
}

void RankRun::tell_details(const PlanSection& section, const std::string& name) {
  const auto key = [&](int rank) { return fmt::format("details/{}/{}", name, rank); };
  board_->set(key(rank_), json_text(provenance_json(group_->details())));
  if (!leads()) return;
  seat_.begin(position() + 2, "waiting for all to join the group");
  for (int rank = 0; rank < section.group_size; ++rank) {
    seat_.wait(key(rank));
    for (const auto& [detail, value] : details_from(board_->look(key(rank)).value_or(""))) {
      ranks_[static_cast<std::size_t>(rank)].details[detail] = value;
    }
    board_->remove(key(rank));
  }
}

void RankRun::run_section(const PlanSection& section, std::size_t number) {
  const bool belongs = rank_ < section.group_size;
  std::size_t first_sweep = 0;
  if (belongs) {
    open_section(section, number);
    tell_details(section, fmt::format("{}/opened", number));
  }
  if (leads()) {
    results_->change([&](BandwidthDocument& document) {
      document.ranks = ranks_;
      first_sweep = document.sweeps.size();
      for (const SweepStep& step : section.steps) document.sweeps.push_back(sweep_of(step));
    });
  }
  ++unit_;
  for (std::size_t i = 0; i < section.steps.size(); ++i) {
    run_step(section.steps[i], first_sweep + i);
  }
  for (const SweepStep& step : section.overlaps) run_overlap(step);
  if (belongs) {
    // Some is known only after the first bytes went, as which way they went.
    wait_for_turn();
    tell_details(section, fmt::format("{}/closed", number));
    if (leads()) {
      results_->change([&](BandwidthDocument& document) {
        document.ranks = ranks_;
        for (std::size_t i = 0; i < section.steps.size(); ++i) {
          document.sweeps[first_sweep + i].transport = sweep_of(section.steps[i]).transport;
        }
      });
    }
    seat_.hold(nullptr);
    load_.reset();
    group_.reset();
  }
  ++unit_;
}

Sweep RankRun::sweep_of(const SweepStep& step) const {
  Sweep sweep;
  sweep.op = step.op;
  sweep.pattern = step.pattern;
  sweep.ranks = step.ranks;
  sweep.world_size = static_cast<int>(step.ranks.size());
  sweep.dtype = to_string(step.type);
  sweep.in_place = step.in_place;
  sweep.interconnect = options_.interconnect;
  std::vector<std::string> hosts;
  std::vector<std::string> zones;
  std::vector<std::string> gpus;
  std::vector<std::string> transports;
  for (const int number : step.ranks) {
    const BandwidthRank& rank = ranks_[static_cast<std::size_t>(number)];
    hosts.push_back(rank.host);
    zones.push_back(rank.zone);
    gpus.push_back(rank.gpu);
    const auto transport = rank.details.find("transport");
    transports.push_back(transport == rank.details.end() ? "" : transport->second);
  }
  const auto differ = [](const std::vector<std::string>& values) {
    return std::set<std::string>(values.begin(), values.end()).size() > 1;
  };
  sweep.level = differ(zones)   ? LinkLevel::kBetweenZones
                : differ(hosts) ? LinkLevel::kBetweenNodes
                                : LinkLevel::kInsideNode;
  sweep.gpu = common(gpus);
  const bool is_copy = step.op >= CommunicationOp::kCopyDeviceToDevice;
  if (!is_copy) sweep.transport = all_of(transports);
  if (sweep.level == LinkLevel::kBetweenZones && step.op == CommunicationOp::kSendRecv) {
    // Those of the senders and the receivers, where each has one.
    const std::size_t half = step.pattern == SweepPattern::kRing ? 0 : zones.size() / 2;
    const auto middle = zones.begin() + static_cast<std::ptrdiff_t>(half);
    sweep.from_zone = common(std::vector<std::string>(zones.begin(), middle));
    sweep.to_zone = common(std::vector<std::string>(middle, zones.end()));
  }
  return sweep;
}

void RankRun::show_progress(const SweepStep& step, std::int64_t bytes) {
  if (!leads()) return;
  progress_->update(++done_,
                    fmt::format("{} of {} ranks, {}", to_string(step.op), step.ranks.size(),
                                format_bytes(static_cast<double>(bytes))));
}

void RankRun::keep(std::size_t sweep, std::int64_t bytes,
                   const std::optional<BandwidthPoint>& point, const std::string& failure) {
  results_->change([&](BandwidthDocument& document) {
    Sweep& own = document.sweeps[sweep];
    if (point) {
      own.points.push_back(*point);
    } else {
      own.failures.push_back({static_cast<double>(bytes), failure});
    }
  });
  if (point) board_->set("measured", "");
}

void RankRun::run_step(const SweepStep& step, std::size_t sweep) {
  const bool takes_part = step.has(rank_);
  for (const std::int64_t bytes : step.sizes) {
    if (takes_part || leads()) {
      wait_for_turn();
      SizeMeasurement measurement(
          {options_, step, bytes, unit_, rank_, takes_part ? group_.get() : nullptr, nullptr},
          *board_, seat_);
      if (const auto result = measurement.measure()) {
        keep(sweep, bytes, result->failure.empty() ? std::optional(result->point) : std::nullopt,
             result->failure);
      }
      show_progress(step, bytes);
    }
    ++unit_;
  }
}

void RankRun::run_overlap(const SweepStep& step) {
  if (step.has(rank_)) {
    wait_for_turn();
    if (load_ == nullptr) {
      load_ = open_compute_load(plan_.backend, device(), world_.local_ranks);
    }
    SizeMeasurement measurement(
        {options_, step, step.sizes.front(), unit_, rank_, group_.get(), load_.get()}, *board_,
        seat_);
    if (const auto result = measurement.measure_overlap()) {
      results_->change([&](BandwidthDocument& document) {
        if (result->failure.empty()) {
          document.overlaps.push_back(result->measurement);
        } else {
          document.problems.push_back(
              fmt::format("overlap of {}: {}", to_string(step.op), result->failure));
        }
      });
    }
    show_progress(step, step.sizes.front());
  }
  ++unit_;
}

}  // namespace sextant::bench
