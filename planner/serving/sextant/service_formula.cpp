#include "planner/serving/sextant/service_formula.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/// Of all KV caches that requests are expected to use, and of those of one machine.
constexpr double kKvShare = 0.8;
constexpr double kKvHighWater = 0.85;
constexpr int kMostSequences = 512;
constexpr double kMostTokensPerS = 1e7;
/// What a boundary that pipelines share leaves of the throughput.
constexpr double kSharedBoundary = 0.95;
constexpr double kTolerance = 1e-3;  ///< of the throughput
/// Cycles that a request is at a machine: one of its own, and on average half of the one before.
constexpr double kCycles = 1.5;
constexpr double kCopySecondsPerByte = 1 / 4e9 + 1 / 5e9;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

}  // namespace

ServiceFormula::ServiceFormula(const PlacementProblem& problem, const SearchInstance& instance,
                               const std::vector<RequestLength>& lengths)
    : instance_(instance), profiles_(*problem.profiles) {
  double square = 0;
  for (const RequestLength& length : lengths) {
    input_ += length.input_tokens;
    output_ += length.output_tokens;
    square += static_cast<double>(length.input_tokens) * length.input_tokens;
  }
  const auto count = static_cast<double>(lengths.size());
  input_ /= count;
  output_ /= count;
  variation_ = square / count / (input_ * input_);
  for (const MachineType& type : profiles_.types) {
    std::vector<double> decode_s;
    for (int n = 0; n <= kMostSequences; ++n) decode_s.push_back(type.decode_s.at(n));
    decode_s_.push_back(std::move(decode_s));
    prompt_s_.push_back(type.prompt_s.at(input_));
  }
}

double ServiceFormula::decode_layer_s(int type, double sequences) const {
  const double n = std::clamp(sequences, 2.0, static_cast<double>(kMostSequences - 1));
  const auto below = static_cast<std::size_t>(n);
  const std::vector<double>& decode_s = decode_s_[at(type)];
  return decode_s[below] +
         (n - static_cast<double>(below)) * (decode_s[below + 1] - decode_s[below]);
}

void ServiceFormula::set_members(const StageChain& chain) {
  // Counting sort of the machines by stage.
  first_member_.assign(chain.layers.size() + 1, 0);
  for (const int stage : chain.stage_of) {
    if (stage != StageChain::kUnused) ++first_member_[at(stage) + 1];
  }
  for (std::size_t s = 1; s < first_member_.size(); ++s) first_member_[s] += first_member_[s - 1];
  members_.resize(first_member_.back());
  std::vector<std::size_t> next(first_member_.begin(), first_member_.end() - 1);
  for (int i = 0; i < instance_.machines; ++i) {
    const int stage = chain.stage_of[at(i)];
    if (stage == StageChain::kUnused) continue;
    const int layers = chain.layers[at(stage)];
    const int type = instance_.type[at(i)];
    const MachineType& profile = profiles_.types[at(type)];
    const double copy_s = input_ * profiles_.model.activation_bytes * kCopySecondsPerByte;
    members_[next[at(stage)]++] = {i,
                                   type,
                                   instance_.node_capacity(i, layers),
                                   static_cast<double>(layers),
                                   layers * prompt_s_[at(type)] + copy_s,
                                   static_cast<double>(profile.decode_max_requests[at(layers)]),
                                   static_cast<double>(profile.prompt_max_requests[at(layers)])};
  }
  set_pipelines(chain);
}

void ServiceFormula::set_pipelines(const StageChain& chain) {
  const std::size_t stages = chain.layers.size();
  throughput_.assign(stages, 0);
  kv_tokens_.assign(stages, 0);
  for (std::size_t stage = 0; stage < stages; ++stage) {
    for (std::size_t m = first_member_[stage]; m < first_member_[stage + 1]; ++m) {
      const Member& member = members_[m];
      const auto layers = static_cast<std::size_t>(member.layers);
      throughput_[stage] += member.share;
      kv_tokens_[stage] +=
          static_cast<double>(kKvBlockTokens * profiles_.types[at(member.type)].kv_blocks[layers]);
    }
  }
  pipelines_.clear();
  double flow = 0;
  int layers = 0;
  for (std::size_t stage = 0; stage < stages; ++stage) {
    if (layers == 0) pipelines_.push_back({stage, 0, kNever, kNever});
    Pipeline& pipeline = pipelines_.back();
    pipeline.share = std::min(pipeline.share, throughput_[stage]);
    pipeline.sequences = std::min(pipeline.sequences, kv_tokens_[stage] / (input_ + output_));
    layers += chain.layers[stage];
    if (layers < instance_.layers) continue;
    pipeline.end_stage = stage + 1;
    flow += pipeline.share;
    layers = 0;
  }
  for (Pipeline& pipeline : pipelines_) {
    pipeline.share /= flow;
    for (std::size_t stage = pipeline.first_stage; stage < pipeline.end_stage; ++stage) {
      for (std::size_t m = first_member_[stage]; m < first_member_[stage + 1]; ++m) {
        members_[m].share *= pipeline.share / throughput_[stage];
      }
    }
  }
}

/// What a request spends at one machine, on average.
bool ServiceFormula::add_machine(const Member& member, double decode_tokens_per_s,
                                 Latency& latency) const {
  const double decodes = decode_tokens_per_s * member.share;
  const double prompts = decodes / output_;
  const double free = 1 - prompts * member.prompt_s;
  if (free <= 0) return false;
  double cycle = member.layers * decode_layer_s(member.type, 2) / free;
  for (int round = 0; round < 8; ++round) {
    const double sequences = std::min(decodes * cycle, member.decode_limit);
    cycle = member.layers * decode_layer_s(member.type, sequences) / free;
  }
  if (decodes * cycle > member.decode_limit) return false;
  // Prompts wait where a batch takes only so many.
  const double pass_s = member.prompt_s + cycle * free;
  const double used = prompts * pass_s / member.prompt_limit;
  if (used >= 1) return false;
  const double wait_s = used / (1 - used) * pass_s / 2;
  latency.decode_s += member.share * kCycles * cycle;
  latency.prompt_s += member.share * (pass_s + cycle / 2 + wait_s);
  return true;
}

/// And on the way from one stage to the next.
bool ServiceFormula::add_links(const Pipeline& pipeline, std::size_t stage, double tokens_per_s,
                               Latency& latency) const {
  for (std::size_t m = first_member_[stage]; m < first_member_[stage + 1]; ++m) {
    const Member& from = members_[m];
    for (std::size_t o = first_member_[stage + 1]; o < first_member_[stage + 2]; ++o) {
      const Member& to = members_[o];
      const double share = from.share * to.share / pipeline.share;
      const double capacity = instance_.link_capacity(from.machine, to.machine);
      const double used = tokens_per_s * share / capacity;
      if (!(used < 1)) return false;
      const double send_s = input_ / capacity;
      // Prompts are nearly all that a link carries.
      const double wait_s = used / (1 - used) * send_s * variation_ / 2;
      const double latency_s =
          instance_.latency_s[at(from.machine) * at(instance_.machines) + at(to.machine)];
      latency.decode_s += share * (latency_s + wait_s);
      latency.prompt_s += share * (latency_s + wait_s + send_s);
    }
  }
  return true;
}

ServiceFormula::Latency ServiceFormula::latency(const Pipeline& pipeline,
                                                double decode_tokens_per_s) const {
  const double outside_s = pipeline.share * 2 * instance_.coordinator_latency_s;
  Latency sum{outside_s, outside_s};
  const double tokens_per_s = decode_tokens_per_s * (input_ + output_) / output_;
  for (std::size_t stage = pipeline.first_stage; stage < pipeline.end_stage; ++stage) {
    for (std::size_t m = first_member_[stage]; m < first_member_[stage + 1]; ++m) {
      if (!add_machine(members_[m], decode_tokens_per_s, sum)) return {kNever, kNever};
    }
    if (stage + 1 < pipeline.end_stage && !add_links(pipeline, stage, tokens_per_s, sum)) {
      return {kNever, kNever};
    }
  }
  return sum;
}

double ServiceFormula::sequences_at(const Pipeline& pipeline, double decode_tokens_per_s) const {
  // Latencies are weighted with the share; so is the rate that they are asked for.
  const double all = decode_tokens_per_s / pipeline.share;
  return all * latency(pipeline, all).decode_s;
}

/// What is served while caches are as full as they may be.
double ServiceFormula::closed_loop() const {
  const auto largest = [](double high, const auto& fits) {
    double low = 0;
    while (fits(high) && high < kMostTokensPerS) {
      low = high;
      high *= 2;
    }
    while (high - low > kTolerance * high) {
      const double middle = (low + high) / 2;
      (fits(middle) ? low : high) = middle;
    }
    return low;
  };
  if (pipelines_.size() == 1) {
    const Pipeline& pipeline = pipelines_.front();
    return largest(1, [&](double rate) {
      return sequences_at(pipeline, rate) <= kKvShare * pipeline.sequences;
    });
  }
  double room = 0;
  std::vector<double> most;
  for (const Pipeline& pipeline : pipelines_) {
    room += kKvShare * pipeline.sequences;
    most.push_back(largest(1, [&](double rate) {
      return sequences_at(pipeline, rate) <= kKvHighWater * pipeline.sequences;
    }));
  }
  // What would be served if none were full.
  const double wanted = largest(1, [&](double rate) {
    double sequences = 0;
    double served = 0;
    for (std::size_t p = 0; p < most.size(); ++p) {
      const double own = std::min(most[p], rate * pipelines_[p].share);
      sequences += sequences_at(pipelines_[p], own);
      served += own;
    }
    return sequences <= room && served > 0;
  });
  double served = 0;
  for (std::size_t p = 0; p < most.size(); ++p) {
    served += std::min(most[p], wanted * pipelines_[p].share);
  }
  return served;
}

int ServiceFormula::shared_boundaries(const StageChain& chain) {
  pipelines_at_.assign(at(instance_.layers) + 1, 0);
  int shared = 0;
  int layers = 0;
  for (const int held : chain.layers) {
    layers += held;
    if (layers == instance_.layers) {
      layers = 0;
    } else if (pipelines_at_[at(layers)]++ > 0) {
      ++shared;
    }
  }
  return shared;
}

ServiceFormulaResult ServiceFormula::evaluate(const StageChain& chain, double offered) {
  set_members(chain);
  ServiceFormulaResult result;
  result.decode_tokens_per_s = closed_loop() * std::pow(kSharedBoundary, shared_boundaries(chain));
  for (const Pipeline& pipeline : pipelines_) {
    const Latency moderate = latency(pipeline, offered);
    result.prompt_latency_s += moderate.prompt_s;
    result.decode_latency_s += moderate.decode_s;
  }
  return result;
}

}  // namespace sextant
