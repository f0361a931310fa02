#include "profiler/run/plan_world.h"

#include <ATen/ATen.h>
#include <algorithm>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <fmt/format.h>

namespace sextant::profiler {

namespace {

/// Barriers and losses go over Gloo where it is there: they are to take nothing of the GPU.
at::Device device_of_control([[maybe_unused]] at::Device device) {
#ifdef USE_C10D_GLOO
  return at::Device(at::kCPU);
#else
  return device;
#endif
}

/// Makes the communicator, which NCCL does in the first operation.
void meet(Collectives& group, at::Device device) {
  at::Tensor token = at::zeros({1}, at::TensorOptions().device(device));
  group.all_reduce_sum(token);
}

}  // namespace

PlanWorld::PlanWorld(const Setting& setting)
    : setting_(setting), control_device_(device_of_control(setting.device)) {
  join_groups();
  for (std::size_t p = 0; p < setting_.plan.pipelines.size(); ++p) {
    open_channels(static_cast<int>(p));
  }
}

PlanWorld::~PlanWorld() = default;

std::unique_ptr<Collectives> PlanWorld::join(const std::string& name,
                                             const std::vector<int>& ranks) {
  const auto own = std::find(ranks.begin(), ranks.end(), setting_.rank);
  if (own == ranks.end() || ranks.size() == 1) return nullptr;
  const at::Device device = name == "all" ? control_device_ : setting_.device;
  auto group = join_group(setting_.store_of(name), static_cast<int>(own - ranks.begin()),
                          static_cast<int>(ranks.size()), device, setting_.timeout);
  meet(*group, device);
  return group;
}

void PlanWorld::join_groups() {
  const RankLayout& layout = setting_.layout;
  const RankPlace own = layout.place(setting_.rank);
  // Ranks that agree in what `key` says, which is also the group's name.
  const auto join_alike = [&](const std::function<std::string(const RankPlace&)>& key) {
    const std::string name = key(own);
    std::vector<int> ranks;
    for (int rank = 0; rank < layout.size(); ++rank) {
      if (key(layout.place(rank)) == name) ranks.push_back(rank);
    }
    return join(name, ranks);
  };
  // Each kind of group parts the ranks, so that one kind after the other is an order for all.
  all_ = join_alike([](const RankPlace&) { return std::string("all"); });
  tensor_ = join_alike([](const RankPlace& place) {
    return fmt::format("tensor/{}/{}/{}", place.pipeline, place.stage, place.replica);
  });
  replicas_ = join_alike([](const RankPlace& place) {
    return fmt::format("replicas/{}/{}", place.stage, place.tp_rank);
  });
  const int last = static_cast<int>(setting_.plan.pipelines.front().stages.size()) - 1;
  if (setting_.ties_stages && (own.stage == 0 || own.stage == last)) {
    tied_ = join_alike([last](const RankPlace& place) {
      return place.stage == 0 || place.stage == last
                 ? fmt::format("tied/{}/{}/{}", place.pipeline, place.replica, place.tp_rank)
                 : std::string("none");
    });
  }
  if (!all_) all_ = std::make_unique<LoneShard>(1);
  if (!tensor_) tensor_ = std::make_unique<LoneShard>(1);
}

void PlanWorld::open_channels(int pipeline) {
  const std::vector<Stage>& stages =
      setting_.plan.pipelines[static_cast<std::size_t>(pipeline)].stages;
  const int count = static_cast<int>(stages.size());
  const bool wraps = stages.front().chunks.size() > 1;
  for (int stage = 0; stage < count; ++stage) {
    const int next = (stage + 1) % count;
    if (count == 1 || (next == 0 && !wraps)) continue;
    const int replicas = static_cast<int>(stages[static_cast<std::size_t>(stage)].replicas.size());
    for (int replica = 0; replica < replicas; ++replica) {
      const RankPlace here{pipeline, stage, replica, 0};
      const RankPlace there{pipeline, next, replica, 0};
      open_channels_between("activations", here, there, activations_out_, activations_in_);
      open_channels_between("gradients", there, here, gradients_out_, gradients_in_);
    }
  }
}

void PlanWorld::open_channels_between(const std::string& kind, RankPlace from, RankPlace to,
                                      std::vector<Channel>& out, Channel& in) {
  const auto tp_of = [&](const RankPlace& place) {
    return setting_.plan.pipelines[static_cast<std::size_t>(place.pipeline)]
        .stages[static_cast<std::size_t>(place.stage)]
        .replicas[static_cast<std::size_t>(place.replica)]
        .tp;
  };
  const int senders = tp_of(from);
  const int receivers = tp_of(to);
  for (to.tp_rank = 0; to.tp_rank < receivers; ++to.tp_rank) {
    from.tp_rank = to.tp_rank % senders;
    const int sender = setting_.layout.rank(from);
    const int receiver = setting_.layout.rank(to);
    if (setting_.rank != sender && setting_.rank != receiver) continue;
    const bool sends = setting_.rank == sender;
    Channel channel =
        open_backend(setting_.store_of(fmt::format("{}/{}/{}", kind, sender, receiver)),
                     sends ? 0 : 1, 2, setting_.device, setting_.timeout);
    // A first message makes NCCL's communicator now, in the order that all keep.
    std::vector<at::Tensor> token{at::zeros({1}, at::TensorOptions().device(setting_.device))};
    const auto work = sends ? channel->send(token, 1, 0) : channel->recv(token, 0, 0);
    work->wait();
    if (sends) {
      out.push_back(std::move(channel));
    } else {
      in = std::move(channel);
    }
  }
}

}  // namespace sextant::profiler
