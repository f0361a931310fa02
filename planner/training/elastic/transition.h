#pragma once

#include <optional>

#include "planner/training/elastic/placed_plan.h"

namespace sextant {

/// What a change of plan costs beside the bytes.
struct MoveOptions {
  /// From the end of the last iteration to the first of the new plan, without moving state:
  /// processes, CUDA contexts, communicators, the loader's first batch. Seconds, >= 0.
  double restart_s = 30;
  /// What one node reads of checkpoints, bytes per second, > 0.
  double storage_bytes_per_s = 1e9;
  /// How long before it happens the loss of GPUs is known, seconds, >= 0: a spot provider's notice.
  double notice_s = 0;
  /// State goes through a checkpoint whenever the plan changes: frameworks that know no other way.
  bool through_storage = false;
};

/// Moving a job from what runs to another plan.
struct Move {
  PlacedPlan placed;             ///< the new plan on the machines that suit what they hold
  bool changes = true;           ///< false: every GPU stays as it is, and nothing below is spent
  bool from_checkpoint = false;  ///< all state is read from storage
  bool loses_work = false;       ///< that since the last checkpoint
  bool loses_iteration = false;  ///< only the one in which GPUs went
  int gpus_lost = 0;             ///< of the old plan, gone from the cluster
  int gpus_receiving = 0;        ///< that lack something of their new state
  int layers_received = 0;       ///< layers of which they lack something, over all these GPUs
  double network_bytes = 0;      ///< from node to node
  double inside_bytes = 0;       ///< from GPU to GPU of a node
  double storage_bytes = 0;      ///< from the checkpoint
  double transfer_s = 0;
  double restore_s = 0;
  double restart_s = 0;
  double egress_usd = 0;

  double seconds() const { return transfer_s + restore_s + restart_s; }
};

/// Moves to `plan` on problem.cluster, which is what there is now. `from` is what ran before, on
/// the cluster as it was, or null where nothing did and the state is in the checkpoint.
///
/// State is what an iteration leaves: weights and optimizer state, bytes of the profile
/// (state_sizes.h). A GPU needs what of its new state it does not hold:
///   - what another GPU of its node holds, or has received, comes from there;
///   - the rest comes from one of the nearest holders: the same GPU type and zone first, then the
///     same zone, then any; of equally near ones from the node that has sent least so far.
///   transfer_s = max over nodes of max(inside_s + received_s, sent_s),
///   received_s = sum over the nodes that send to it of t(bytes of the pair),
/// t being the network's link between the two nodes (LinkModel), with as many GPUs as both sides
/// use, pieces of 64 MB one after the other. Nodes work side by side, each one's messages in turn.
/// GPUs that go are holders too where transfer_s is within the notice.
///
/// Where some state is on no GPU, or nothing ran, all of it comes from the checkpoint, since parts
/// of different iterations make no state: restore_s = max over nodes of (distinct bytes of the
/// node's GPUs / storage_bytes_per_s + inside_s). Work is lost unless a checkpoint is written
/// before: within the notice, or, where no GPU goes, for checkpoint_s() more of restore_s.
///
/// Nothing where the cluster has no room for the plan. Throws Error(kBadInput) where the network
/// knows no link that is needed or the profile no memory at a degree.
std::optional<Move> move_to(const Plan& plan, const PlacedPlan* from,
                            const TrainingProblem& problem, const MoveOptions& options);

/// Seconds to write what the GPUs of a plan hold as a checkpoint, each part of a layer once by its
/// first holder, nodes side by side at storage_bytes_per_s each.
double checkpoint_s(const PlacedPlan& placed, const TrainingProblem& problem,
                    const MoveOptions& options);

}  // namespace sextant
