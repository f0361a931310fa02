#include "planner/serving/sextant/service_formula.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant {
namespace {

constexpr double kNever = std::numeric_limits<double>::infinity();
/// Of the KV cache that requests are expected to use.
constexpr double kKvShare = 0.8;
constexpr int kMostSequences = 512;
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
  sequences_ = kNever;
  for (int stage = 0; stage < chain.stages(); ++stage) {
    double throughput = 0;
    double kv_tokens = 0;
    for (std::size_t m = first_member_[at(stage)]; m < first_member_[at(stage) + 1]; ++m) {
      const Member& member = members_[m];
      throughput += member.share;
      kv_tokens += static_cast<double>(
          kKvBlockTokens *
          profiles_.types[at(member.type)].kv_blocks[static_cast<std::size_t>(member.layers)]);
    }
    for (std::size_t m = first_member_[at(stage)]; m < first_member_[at(stage) + 1]; ++m) {
      members_[m].share /= throughput;
    }
    sequences_ = std::min(sequences_, kKvShare * kv_tokens / (input_ + output_));
  }
}

/// Adds what a request spends at one machine, on average, to the latencies; returns the cycle.
double ServiceFormula::stage_time(const Member& member, double decode_tokens_per_s,
                                  Latency& latency) const {
  const double decodes = decode_tokens_per_s * member.share;
  const double prompts = decodes / output_;
  const double free = 1 - prompts * member.prompt_s;
  if (free <= 0) return kNever;
  double cycle = member.layers * decode_layer_s(member.type, 2) / free;
  for (int round = 0; round < 8; ++round) {
    const double sequences = std::min(decodes * cycle, member.decode_limit);
    cycle = member.layers * decode_layer_s(member.type, sequences) / free;
  }
  if (decodes * cycle > member.decode_limit) return kNever;
  // Prompts wait where a batch takes only so many.
  const double pass_s = member.prompt_s + cycle * free;
  const double used = prompts * pass_s / member.prompt_limit;
  if (used >= 1) return kNever;
  const double wait_s = used / (1 - used) * pass_s / 2;
  latency.decode_s += member.share * kCycles * cycle;
  latency.prompt_s += member.share * (pass_s + cycle / 2 + wait_s);
  return cycle;
}

ServiceFormula::Latency ServiceFormula::latency(double decode_tokens_per_s) const {
  Latency sum{2 * instance_.coordinator_latency_s, 2 * instance_.coordinator_latency_s};
  const double tokens_per_s = decode_tokens_per_s * (input_ + output_) / output_;
  const std::size_t stages = first_member_.size() - 1;
  for (std::size_t stage = 0; stage < stages; ++stage) {
    for (std::size_t m = first_member_[stage]; m < first_member_[stage + 1]; ++m) {
      if (stage_time(members_[m], decode_tokens_per_s, sum) == kNever) return {kNever, kNever};
    }
    if (stage + 1 == stages) break;
    for (std::size_t m = first_member_[stage]; m < first_member_[stage + 1]; ++m) {
      const Member& from = members_[m];
      for (std::size_t o = first_member_[stage + 1]; o < first_member_[stage + 2]; ++o) {
        const Member& to = members_[o];
        const double share = from.share * to.share;
        const double capacity = instance_.link_capacity(from.machine, to.machine);
        const double used = tokens_per_s * share / capacity;
        if (!(used < 1)) return {kNever, kNever};
        const double send_s = input_ / capacity;
        // Prompts are nearly all that a link carries.
        const double wait_s = used / (1 - used) * send_s * variation_ / 2;
        const double latency_s =
            instance_.latency_s[at(from.machine) * at(instance_.machines) + at(to.machine)];
        sum.decode_s += share * (latency_s + wait_s);
        sum.prompt_s += share * (latency_s + wait_s + send_s);
      }
    }
  }
  return sum;
}

ServiceFormulaResult ServiceFormula::evaluate(const StageChain& chain, double offered) {
  set_members(chain);
  ServiceFormulaResult result;
  // The largest rate at which the requests under way fit.
  double low = 0;
  double high = 1;
  const auto fits = [&](double rate) { return rate * latency(rate).decode_s <= sequences_; };
  while (fits(high) && high < 1e7) {
    low = high;
    high *= 2;
  }
  while (high - low > 1e-3 * high) {
    const double middle = (low + high) / 2;
    (fits(middle) ? low : high) = middle;
  }
  result.decode_tokens_per_s = low;
  const Latency moderate = latency(offered);
  result.prompt_latency_s = moderate.prompt_s;
  result.decode_latency_s = moderate.decode_s;
  return result;
}

}  // namespace sextant
