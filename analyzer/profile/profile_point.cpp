#include "analyzer/profile/profile_point.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

std::string ProfileKey::text() const {
  return fmt::format("{} on {}, {}{}, tp {}, microbatch {}", quote(model), quote(gpu), variant,
                     seq_len > 0 ? fmt::format(", {} tokens", seq_len) : "", tp, microbatch);
}

std::string variant_name(std::string_view dtype, bool recompute, bool sequence_parallel,
                         std::string_view optimizer) {
  return fmt::format("{}{}{}{}", dtype, recompute ? "-recompute" : "",
                     sequence_parallel ? "-sp" : "",
                     optimizer == "adamw" ? "" : fmt::format("-{}", optimizer));
}

std::string_view to_string(PointStatus status) {
  switch (status) {
    case PointStatus::kOk:
      return "ok";
    case PointStatus::kOutOfMemory:
      return "oom";
    case PointStatus::kError:
      return "error";
    case PointStatus::kTimeout:
      return "timeout";
  }
  throw Error(ErrorCode::kInternal, "a point status without a name");
}

int PointDocument::layer_count() const {
  int count = 0;
  for (const LayerRun& run : sequence) count += run.count;
  return count;
}

double CrossCheck::relative_difference() const {
  return (sum_of_parts_s - iteration.median_s) / iteration.median_s;
}

double PointDocument::total_s(double TimeSummary::*of) const {
  double total = 0;
  for (const LayerRun& run : sequence) {
    const LayerKindProfile& kind = kinds[static_cast<std::size_t>(run.kind)];
    total += run.count * (kind.forward.*of + kind.backward.*of);
  }
  return total;
}

bool PointDocument::has_spread() const {
  for (const LayerKindProfile& kind : kinds) {
    if (kind.forward.samples == 0 || kind.backward.samples == 0) return false;
  }
  return !kinds.empty();
}

std::string PointDocument::time() const {
  const auto found = provenance.find("time");
  return found == provenance.end() ? "" : found->second;
}

std::string point_file_name(const ProfileKey& key) {
  std::string folder;
  std::string_view rest = key.variant;
  while (!rest.empty()) {
    const std::size_t slash = rest.find('/');
    folder += safe_file_name(rest.substr(0, slash)) + "/";
    rest = slash == std::string_view::npos ? "" : rest.substr(slash + 1);
  }
  // Points of one variant may differ in sequence length; then the name must too.
  const std::string length = key.seq_len > 0 ? fmt::format("seq{}/", key.seq_len) : "";
  return fmt::format("{}{}profile_{}_{}_{}_{}.json", folder, length, safe_file_name(key.model),
                     safe_file_name(key.gpu), key.tp, key.microbatch);
}

}  // namespace sextant
