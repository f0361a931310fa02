#include "tests/planner/exhaustive/random_problem.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <memory>
#include <tuple>
#include <utility>
#include <vector>

#include "analyzer/core/error.h"

namespace sextant::exhaustive {

namespace {

/// A link of its own from every GPU type in every zone to every other, in either direction.
class RandomNetwork : public Network {
 public:
  using Pool = std::pair<std::string, std::string>;  ///< zone, GPU type
  struct Link {
    LinkModel model = LinkModel::latency_bandwidth(0, 1);
    bool known = true;
    bool scales = false;  ///< with the GPUs that send together
  };

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    const Link& link = links.at({{std::string(from.zone), std::string(from.gpu)},
                                 {std::string(to.zone), std::string(to.gpu)}});
    if (!link.known) throw Error(ErrorCode::kBadInput, "nothing is known of this link");
    if (!link.scales) return link.model;
    return link.model.scaled(std::min(from.count, to.count), 1e15);
  }
  std::optional<LinkModel> inside_node(std::string_view /*gpu*/, int /*count*/) const override {
    return inside;
  }
  std::string describe() const override { return "drawn at random"; }

  std::map<std::pair<Pool, Pool>, Link> links;
  LinkModel inside = LinkModel::latency_bandwidth(1e-6, 1e11);
};

/// Of these numbers, each with one chance in two, at least one.
std::vector<int> some_of(Random& random, const std::vector<int>& all) {
  std::vector<int> out;
  for (const int value : all) {
    if (one_in(random, 2)) out.push_back(value);
  }
  if (out.empty()) out.push_back(all[random.below(all.size())]);
  return out;
}

struct Model {
  std::vector<double> work;        ///< by layer: how long it takes, about 1
  std::vector<double> parameters;  ///< bytes
  std::vector<double> outputs;
  std::vector<double> saved;
};

Model random_model(Random& random, int layers) {
  Model model;
  // Blocks alike, or every layer for itself; the ends are often unlike the rest.
  const bool alike = one_in(random, 3);
  const double parameters = std::pow(10, between(random, 6.5, 9));
  const double outputs = std::pow(10, between(random, 5.5, 8.5));
  const double saved = outputs * between(random, 2, 30);
  for (int l = 0; l < layers; ++l) {
    const bool same = alike && l > 0 && l + 1 < layers;
    model.work.push_back(same ? 1 : between(random, 0.2, 2));
    model.parameters.push_back(parameters * (same ? 1 : between(random, 0.1, 2.5)));
    model.outputs.push_back(outputs * (same ? 1 : between(random, 0.3, 1.5)));
    model.saved.push_back(saved * (same ? 1 : between(random, 0.3, 1.5)));
  }
  return model;
}

void measure(Random& random, const Model& model, const std::string& gpu, double slowness,
             const std::vector<int>& degrees, const std::vector<int>& microbatches, bool full,
             ModelProfile& profile) {
  const double startup = between(random, 0, 0.5);  // what a microbatch takes whatever its size
  const double update = one_in(random, 4) ? 0 : between(random, 0, 0.2);
  for (const int tp : degrees) {
    const double efficiency = between(random, 0.5, 1.05);  // of each doubling
    for (const int b : microbatches) {
      const bool missing = degrees.size() * microbatches.size() > 1 && one_in(random, 12);
      if (missing && !full) continue;
      std::vector<LayerTime>& layers = profile.points[{gpu, tp, b}].layers;
      for (const double work : model.work) {
        const double seconds = 0.01 * work * slowness * (startup + (1 - startup) * b) /
                               std::pow(tp, std::log2(2 * efficiency)) * between(random, 0.9, 1.1);
        LayerTime time;
        time.forward_s = seconds / 3;
        time.backward_s = seconds * 2 / 3;
        time.update_s = 0.01 * update * work * slowness / tp;
        layers.push_back(time);
      }
    }
  }
}

LinkModel random_link(Random& random, bool quadratic, double scale) {
  if (quadratic) {
    // GB/s, of messages of 1 to 1000 MB: x is 0 to 10. Some turn negative where messages are small.
    return LinkModel::quadratic_log2_mb(between(random, -0.08, 0.03) * scale,
                                        between(random, 0.1, 1.5) * scale,
                                        between(random, -2, 4) * scale, 20e9 * scale);
  }
  const double latency_s = one_in(random, 3) ? 0 : between(random, 0, 1e-3);
  return LinkModel::latency_bandwidth(latency_s, 5e9 * scale * between(random, 0.3, 2));
}

std::shared_ptr<Network> random_network(Random& random, const Cluster& cluster,
                                        const Shape& shape) {
  auto network = std::make_shared<RandomNetwork>();
  const bool quadratics = shape.quadratics && one_in(random, 3);
  const bool symmetric = one_in(random, 2) || shape.symmetric;
  const double speed = std::pow(10, between(random, -0.5, 2.5));  // slow and fast networks
  const bool scales = !quadratics && one_in(random, 2);
  for (const GpuPool& a : cluster.pools) {
    for (const GpuPool& b : cluster.pools) {
      const RandomNetwork::Pool from{a.zone, a.gpu};
      const RandomNetwork::Pool to{b.zone, b.gpu};
      RandomNetwork::Link link;
      link.model = random_link(random, quadratics, a.zone == b.zone ? speed : speed / 4);
      link.known = !(shape.gaps && from != to && one_in(random, 20));
      link.scales = scales;
      const auto back = network->links.find({to, from});
      if (symmetric && back != network->links.end()) link = back->second;
      network->links[{from, to}] = link;
    }
  }
  network->inside = LinkModel::latency_bandwidth(1e-6, 5e9 * speed * between(random, 1, 20));
  return network;
}

/// Memory of a GPU: what the model would need on one, divided by about as many as it can be divided
/// among, so that it binds; or so much that it does not.
double random_memory(Random& random, const Model& model, bool tight, int gpus) {
  if (!tight) return 1e12;
  double whole = 0;
  const int parts = std::min(gpus, static_cast<int>(model.work.size()));
  for (std::size_t l = 0; l < model.work.size(); ++l) {
    whole += 6 * model.parameters[l] + 2 * model.saved[l];
  }
  return 3e9 + whole * between(random, 0.8, 4) / parts;
}

}  // namespace

double between(Random& random, double low, double high) {
  return low + (high - low) * random.uniform();
}

int whole_between(Random& random, int low, int high) {
  return low + static_cast<int>(random.below(static_cast<std::uint64_t>(high - low + 1)));
}

bool one_in(Random& random, int chances) {
  return random.below(static_cast<std::uint64_t>(chances)) == 0;
}

SmallProblem random_problem(std::uint64_t seed, const Shape& shape) {
  Random random(seed);
  SmallProblem small;
  const int layers = whole_between(random, shape.least_layers, shape.most_layers);
  const Model model = random_model(random, layers);
  small.job.global_batch = whole_between(random, 1, 24);
  small.job.optimizer = one_in(random, 4) ? Optimizer::kSgd : Optimizer::kAdam;
  small.profile.layer_count = layers;
  small.profile.update_is_whole_step = one_in(random, 2);

  std::vector<int> degrees;
  for (int tp = 1; tp <= shape.most_degree; tp *= 2) degrees.push_back(tp);
  const std::vector<int> microbatches =
      one_in(random, 2) ? some_of(random, {1, 2, 4}) : std::vector<int>{1};
  const int types = one_in(random, 10) ? 1 : 2;
  const std::vector<std::string> names = {"A100-40", "V100-16"};
  for (int t = 0; t < types; ++t) {
    const double slowness = t == 0              ? 1
                            : one_in(random, 2) ? between(random, 0.9, 1.5)
                                                : between(random, 1.5, 4);
    measure(random, model, names[static_cast<std::size_t>(t)], slowness,
            one_in(random, 3) && !shape.full_profile ? some_of(random, degrees) : degrees,
            one_in(random, 4) ? some_of(random, microbatches) : microbatches, shape.full_profile,
            small.profile);
  }
  for (const int tp : {1, 2, 4, 8}) {
    // Tensor-parallel ranks share weights and a part of what they save.
    for (int l = 0; l < layers; ++l) {
      const auto i = static_cast<std::size_t>(l);
      small.profile.memory[tp].push_back({model.parameters[i] / tp, model.outputs[i],
                                          model.outputs[i], model.saved[i] * (0.2 + 0.8 / tp)});
    }
  }

  const int gpus = whole_between(random, shape.least_gpus, shape.most_gpus);
  const int pools = types * shape.zones;
  const bool tight = !one_in(random, 3);
  // Cuts of 0 … gpus: so many GPUs of each pool, seldom none.
  const int least = one_in(random, 8) ? 0 : 1;
  std::vector<int> cuts = {0, gpus};
  for (int p = 1; p < pools; ++p) cuts.push_back(whole_between(random, least, gpus - least));
  std::sort(cuts.begin(), cuts.end());
  int next = 0;
  for (int t = 0; t < types; ++t) {
    const double memory = random_memory(random, model, tight, gpus);
    const int node = shape.odd_nodes ? 3 : one_in(random, 3) ? 2 : 4;
    for (int z = 0; z < shape.zones; ++z) {
      const auto at = static_cast<std::size_t>(next++);
      small.add(names[static_cast<std::size_t>(t)],
                z == 0   ? "a"
                : z == 1 ? "b"
                         : "c",
                cuts[at + 1] - cuts[at], memory);
      GpuPool& pool = small.cluster.pools.back();
      pool.gpus_per_node = node;
      pool.usd_per_hour = between(random, 500, 4000);
    }
  }
  for (auto& [zones, usd] : small.cluster.egress_usd_per_byte) {
    usd = one_in(random, 4) ? 0 : between(random, 0, 2e-10);
  }
  small.cluster.network = random_network(random, small.cluster, shape);
  return small;
}

}  // namespace sextant::exhaustive
