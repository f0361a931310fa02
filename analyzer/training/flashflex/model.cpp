#include "analyzer/training/flashflex/model.h"

#include <algorithm>
#include <map>

namespace sextant::flashflex {

namespace {

constexpr double kBytes = 4;  ///< of an fp32 element

/// Weights, gradients and the two moments of Adam.
constexpr double kStateCopies = 4;

/// Forward and backward of one layer all-reduce four times; each is counted as two exchanges.
constexpr double kTensorExchanges = 8;

}  // namespace

double Model::message_bytes(int microbatch) const {
  return microbatch * shape_.sequence * shape_.hidden * kBytes;
}

/// 72 b s h² (1 + s/6h + V/16lh): FLOPs of one of l layers, the head's spread over them (Narayanan
/// et al., SC'21, whose equation has 96 since it recomputes activations).
double Model::compute_s(const Stage& stage, int microbatch) const {
  const double s = shape_.sequence;
  const double h = shape_.hidden;
  const double flop = 72 * microbatch * s * h * h *
                      (1 + s / (6 * h) + shape_.vocabulary / (16 * shape_.blocks * h));
  return stage.layers * flop / (rating(stage.type).flop_per_s * stage.tp);
}

double Model::tensor_s(const Stage& stage, int microbatch) const {
  return stage.layers * kTensorExchanges * (stage.tp - 1) * message_bytes(microbatch) /
         (stage.tp * rating(stage.type).inside_bytes_per_s);
}

/// One GPU sends to one, which scatters to the others of its group.
double Model::send_s(const Stage& from, const Stage& to, int microbatch) const {
  const double bytes = message_bytes(microbatch);
  return 2 * (bytes / bytes_per_s(from.type, from.machine == to.machine) +
              (to.tp - 1) * bytes / (to.tp * rating(to.type).inside_bytes_per_s));
}

std::vector<double> Model::stage_s(const StageList& stages, int microbatch) const {
  std::vector<double> out;
  for (std::size_t s = 0; s < stages.size(); ++s) {
    out.push_back(compute_s(stages[s], microbatch) + tensor_s(stages[s], microbatch));
    if (s + 1 < stages.size()) out.back() += send_s(stages[s], stages[s + 1], microbatch);
  }
  return out;
}

/// Every pipeline sends its part of a shard to every other. Of the shards of the finest tensor
/// degree the published code counts as many as fit into one of the coarsest: one where all degrees
/// are equal.
double Model::layer_sync_s(const std::vector<const Stage*>& holders) const {
  std::map<int, int> on_machine;
  int least_tp = holders.front()->tp;
  int most_tp = least_tp;
  for (const Stage* stage : holders) {
    ++on_machine[stage->machine];
    least_tp = std::min(least_tp, stage->tp);
    most_tp = std::max(most_tp, stage->tp);
  }
  const auto pipelines = static_cast<double>(holders.size());
  const double bytes = 12 * shape_.hidden * shape_.hidden * kBytes / (least_tp * pipelines);
  double slowest = 0;
  for (const Stage* stage : holders) {
    const int near = on_machine[stage->machine];
    slowest = std::max(slowest, (near - 1) * bytes / rating(stage->type).inside_bytes_per_s +
                                    (pipelines - near) * bytes / between_bytes_per_s_);
  }
  const int shards = most_tp / least_tp;
  return shards * 2 * slowest;
}

double Model::memory_bytes(double layers, int shards, bool first, bool last, int microbatch) const {
  const double h = shape_.hidden;
  double parameters = 12 * h * h * layers / shards;
  if (first) parameters += h * (shape_.vocabulary + shape_.sequence);
  if (last) parameters += h + shape_.vocabulary * h;
  return kStateCopies * kBytes * parameters + message_bytes(microbatch) * (layers / shards + 2);
}

double columns_s(const std::vector<double>& stage_s, int microbatches) {
  const auto stages = static_cast<int>(stage_s.size());
  const auto at = [&](int s) { return stage_s.begin() + s; };
  double sum = 0;
  for (int column = 0; column < microbatches + stages - 1;) {
    const int first = std::max(0, column - microbatches + 1);
    const int last = std::min(column, stages - 1);
    // Columns in which all stages work are alike.
    const int alike = first == 0 && last == stages - 1 ? microbatches - stages + 1 : 1;
    sum += alike * *std::max_element(at(first), at(last + 1));
    column += alike;
  }
  return sum;
}

int slowest_stage(const std::vector<double>& stage_s) {
  return static_cast<int>(std::max_element(stage_s.begin(), stage_s.end()) - stage_s.begin());
}

}  // namespace sextant::flashflex
