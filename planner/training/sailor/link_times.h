#pragma once

#include <cstddef>
#include <unordered_map>
#include <vector>

#include "planner/training/sailor/layer_tables.h"
#include "planner/training/sailor/resources.h"

namespace sextant::sailor_search {

/// What a replica of a stage runs on: `tp` GPUs of a type in a zone.
struct Place {
  int type = 0;
  int tp = 1;
  int zone = 0;
  bool operator==(const Place&) const = default;
};

/// Ring all-reduce of `bytes` among `replicas` in buckets of kBucketBytes, messages cut to whole
/// bytes (§b).
double ring_all_reduce_s(const LinkModel& link, double bytes, int replicas);

/// Times of messages, looked up once in the network and then by index. Throws Error(kBadInput)
/// where the network lacks a link that is asked for.
class LinkTimes {
 public:
  /// References must outlive this.
  LinkTimes(const Resources& resources, const LayerTables& tables, const Cluster& cluster);

  /// Messages are of so many sequences from now on.
  void begin_microbatch(int microbatch);
  /// One microbatch of the message sizes()[size_index] from replica to replica.
  double message_s(const Place& from, const Place& to, int size_index);
  /// The link between replicas of one kind, from a zone to another or the same.
  const LinkModel& between_zones(const Place& from, int to_zone);
  double egress_usd_per_byte(int from_zone, int to_zone) const {
    return egress_[pair(from_zone, to_zone)];
  }

 private:
  std::size_t pair(int from_zone, int to_zone) const {
    return static_cast<std::size_t>(from_zone) * zone_count_ + static_cast<std::size_t>(to_zone);
  }
  std::size_t kind(const Place& place) const;
  LinkModel link(const Place& from, const Place& to) const;

  const Resources& resources_;
  const LayerTables& tables_;
  const Network& network_;
  std::size_t zone_count_;
  std::size_t kind_count_;  ///< of (type, degree)
  int microbatch_ = 1;
  std::vector<double> egress_;
  /// [zone pair] -> [kind of sender, kind of receiver, size], negative infinity where not yet
  /// known.
  std::vector<std::vector<double>> message_s_;
  std::unordered_map<std::size_t, LinkModel> between_zones_;  ///< by (zone pair, kind)
};

}  // namespace sextant::sailor_search
