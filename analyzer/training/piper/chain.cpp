#include "analyzer/training/piper/chain.h"

#include "analyzer/core/error.h"

namespace sextant::piper {

Chain::Chain(const std::vector<Layer>& layers) : sums_(1), sent_(1) {
  for (const Layer& layer : layers) {
    Layer sum = sums_.back();
    sum.compute_s += layer.compute_s;
    sum.parameter_bytes += layer.parameter_bytes;
    sum.activation_bytes += layer.activation_bytes;
    sum.state_bytes += layer.state_bytes;
    sums_.push_back(sum);
    sent_.push_back(layer.sent_bytes);
  }
  sent_.back() = 0;
}

double Chain::sum(const LayerRange& stage, double Layer::*part) const {
  return sums_[static_cast<std::size_t>(stage.end)].*part -
         sums_[static_cast<std::size_t>(stage.first)].*part;
}

double Chain::compute_s(const LayerRange& stage) const {
  return sum(stage, &Layer::compute_s);
}

double Chain::parameter_bytes(const LayerRange& stage) const {
  return sum(stage, &Layer::parameter_bytes);
}

double Chain::transfer_bytes(const LayerRange& stage) const {
  return 2 * (sent_[static_cast<std::size_t>(stage.first)] +
              sent_[static_cast<std::size_t>(stage.end)]);
}

double Chain::activation_bytes(const LayerRange& stage) const {
  return sum(stage, &Layer::activation_bytes);
}

double Chain::state_bytes(const LayerRange& stage) const {
  return sum(stage, &Layer::state_bytes);
}

double link_bytes_per_s(const Cluster& cluster, const GpuPool& pool) {
  if (cluster.network == nullptr) throw_bad_input("piper needs a cluster with a network");
  const LinkEnd end = {pool.zone, pool.gpu, pool.gpus_per_node};
  return cluster.network->between(end, end).peak_bytes_per_s();
}

}  // namespace sextant::piper
