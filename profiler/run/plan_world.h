#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "analyzer/plan/rank_layout.h"
#include "profiler/model/process_group.h"
#include "profiler/run/pipeline_link.h"

namespace sextant::profiler {

/// The groups of a plan that one rank belongs to. Construction meets the other ranks, group after
/// group in an order that is the same for all, so that nobody waits in a circle; NCCL's
/// communicators are made then too.
class PlanWorld {
 public:
  /// A store of a group's own keys, by the group's name.
  using StoreOf = std::function<c10::intrusive_ptr<c10d::Store>(const std::string& group)>;
  struct Setting {
    const Plan& plan;
    const RankLayout& layout;
    bool ties_stages = false;  ///< the embedding's table is the head's, on another stage
    int rank = 0;
    at::Device device;
    StoreOf store_of;
    std::chrono::milliseconds timeout{60000};
  };
  /// Throws Error(kBadInput) where the others do not come.
  explicit PlanWorld(const Setting& setting);
  ~PlanWorld();
  PlanWorld(const PlanWorld&) = delete;
  PlanWorld& operator=(const PlanWorld&) = delete;

  /// All ranks of the plan.
  Collectives& all() { return *all_; }
  /// Where the tensors of all() must be.
  at::Device control_device() const { return control_device_; }
  /// Those that share this rank's layers.
  Collectives& tensor() { return *tensor_; }
  /// Those that have the same shard of the same layers; null where there is no other.
  Collectives* replicas() { return replicas_.get(); }
  /// This rank and the one with the same part of the embedding's, or the head's, table; null where
  /// there is none.
  Collectives* tied() { return tied_.get(); }

  /// Channels to the ranks that get this rank's activations, or its inputs' gradients; empty where
  /// none does.
  std::vector<Channel> activations_out() const { return activations_out_; }
  std::vector<Channel> gradients_out() const { return gradients_out_; }
  /// Channels from whom this rank gets them; null where nobody sends.
  Channel activations_in() const { return activations_in_; }
  Channel gradients_in() const { return gradients_in_; }

 private:
  void join_groups();
  std::unique_ptr<Collectives> join(const std::string& name, const std::vector<int>& ranks);
  void open_channels(int pipeline);
  /// From stage to stage: every receiver has one sender.
  void open_channels_between(const std::string& kind, RankPlace from, RankPlace to,
                             std::vector<Channel>& out, Channel& in);

  Setting setting_;
  at::Device control_device_;
  std::unique_ptr<Collectives> all_;
  std::unique_ptr<Collectives> tensor_;
  std::unique_ptr<Collectives> replicas_;
  std::unique_ptr<Collectives> tied_;
  std::vector<Channel> activations_out_;
  std::vector<Channel> gradients_out_;
  Channel activations_in_;
  Channel gradients_in_;
};

}  // namespace sextant::profiler
