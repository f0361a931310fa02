#pragma once

#include <vector>

#include "analyzer/serving/trace/request_trace.h"
#include "planner/serving/sextant/search_instance.h"
#include "planner/serving/sextant/stage_chain.h"

namespace sextant {

/// What a formula says of how a chain of stages serves.
struct ServiceFormulaResult {
  double decode_tokens_per_s = 0;  ///< with as many requests as the KV cache holds
  // At the load that is offered; infinite where it cannot be served.
  double prompt_latency_s = 0;
  double decode_latency_s = 0;
};

/// Throughput and latency of pipelines of stages in microseconds instead of by simulation, good
/// enough to find what is worth simulating. Pipelines get their share of the
/// requests by the throughput of their weakest stages, machines of a stage by their own; its cycle
/// through its layers has all of its decodes, and takes longer for the time that prompts take. A
/// request waits for half a cycle at each stage, and at links as in an M/G/1 queue (Pollaczek and
/// Khinchine). In the closed loop throughput times latency is the number of requests that the
/// fullest stage's KV cache holds (Little's law).
class ServiceFormula {
 public:
  ServiceFormula(const PlacementProblem& problem, const SearchInstance& instance,
                 const std::vector<RequestLength>& lengths);

  /// `offered` in decode tokens per second. Chains must be feasible.
  ServiceFormulaResult evaluate(const StageChain& chain, double offered);

  double mean_output_tokens() const { return output_; }
  double mean_tokens() const { return input_ + output_; }

 private:
  struct Member {
    int machine;
    int type;
    double share;  ///< of the requests that pass the stage
    double layers;
    double prompt_s;      ///< that a prompt takes of it
    double decode_limit;  ///< of a batch
    double prompt_limit;
  };
  /// Weighted with the pipeline's share of the requests.
  struct Latency {
    double prompt_s = 0;
    double decode_s = 0;
  };
  struct Pipeline {
    std::size_t first_stage;
    std::size_t end_stage;
    double share;      ///< of all requests
    double sequences;  ///< for which its KV caches have room
  };

  void set_members(const StageChain& chain);
  void set_pipelines(const StageChain& chain);
  int shared_boundaries(const StageChain& chain);
  bool add_machine(const Member& member, double decode_tokens_per_s, Latency& latency) const;
  bool add_links(const Pipeline& pipeline, std::size_t stage, double tokens_per_s,
                 Latency& latency) const;
  /// Infinite where the load is more than the pipeline can serve.
  Latency latency(const Pipeline& pipeline, double decode_tokens_per_s) const;
  /// Requests under way in a pipeline at so many decode tokens per second of its own.
  double sequences_at(const Pipeline& pipeline, double decode_tokens_per_s) const;
  double closed_loop() const;
  double decode_layer_s(int type, double sequences) const;

  const SearchInstance& instance_;
  const ServingProfiles& profiles_;
  double input_ = 0;  ///< mean tokens of a request
  double output_ = 0;
  double variation_ = 0;                       ///< of inputs: mean square over square of the mean
  std::vector<std::vector<double>> decode_s_;  ///< by type and sequences
  std::vector<double> prompt_s_;               ///< of the mean input, by type
  std::vector<Member> members_;                ///< by stage
  std::vector<std::size_t> first_member_;      ///< of each stage, and the end
  std::vector<double> throughput_;             ///< of each stage
  std::vector<double> kv_tokens_;              ///< of each layer of a stage
  std::vector<Pipeline> pipelines_;
  std::vector<int> pipelines_at_;  ///< that change machines before each layer
};

}  // namespace sextant
