#include "analyzer/cluster/no_gpus.h"

#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

std::string why_no_gpus(const Cluster& cluster) {
  std::vector<std::string> forbidden;
  std::vector<std::string> empty;
  for (const GpuPool& pool : cluster.pools) {
    (pool.quota == 0 ? forbidden : empty).push_back(pool.gpu + "@" + pool.zone);
  }
  std::string text = fmt::format("cluster {} has no GPUs", quote(cluster.name));
  if (!forbidden.empty()) {
    text += fmt::format(" that a job may use: the quota of {} is 0", fmt::join(forbidden, ", "));
  }
  if (!forbidden.empty() && !empty.empty()) {
    text += fmt::format(", and of {} there are none", fmt::join(empty, ", "));
  }
  return text;
}

}  // namespace sextant
