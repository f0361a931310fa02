#include "analyzer/network/sailor_network.h"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/network/link_units.h"

namespace sextant {

namespace {

constexpr double kSmallestMeasuredBytes = 65'536;
constexpr double kLargestMeasuredBytes = 1'073'741'824;

/// Small numbers for names: look-ups compare a handful of short strings and no more.
class Names {
 public:
  /// -1 where it is not known.
  int find(std::string_view name) const {
    const auto found = std::find(names_.begin(), names_.end(), name);
    return found == names_.end() ? -1 : static_cast<int>(found - names_.begin());
  }
  int add(std::string_view name) {
    const int known = find(name);
    if (known >= 0) return known;
    names_.emplace_back(name);
    return static_cast<int>(names_.size()) - 1;
  }

 private:
  std::vector<std::string> names_;
};

constexpr int kMostNames = 1000;
constexpr int kMostGpus = 1000;  // of one machine

class SailorNetwork : public Network {
 public:
  explicit SailorNetwork(const std::filesystem::path& file) : file_(file.string()) {
    const JsonDocument document = JsonDocument::read(file);
    for (const auto& [from_zone, gpus] : document.root().members()) {
      for (const auto& [from_gpu, counts] : gpus.members()) {
        for (const auto& [from_count, zones] : counts.members()) {
          const std::int64_t from = add_end(from_zone, from_gpu, from_count, zones);
          read_receivers(from, zones);
        }
      }
    }
    std::sort(links_.begin(), links_.end(),
              [](const auto& a, const auto& b) { return a.first < b.first; });
  }

  LinkModel between(const LinkEnd& from, const LinkEnd& to) const override {
    if (const auto link = find(from, to)) return *link;
    throw_bad_input(fmt::format("{}: has no link from {} of {} in {} to {} of {} in {}", file_,
                                from.count, quote(from.gpu), quote(from.zone), to.count,
                                quote(to.gpu), quote(to.zone)));
  }

  std::optional<LinkModel> find(const LinkEnd& from, const LinkEnd& to) const override {
    const std::int64_t key = key_of(find_end(from), find_end(to));
    const auto found =
        std::lower_bound(links_.begin(), links_.end(), key,
                         [](const auto& link, std::int64_t wanted) { return link.first < wanted; });
    if (found == links_.end() || found->first != key) return std::nullopt;
    return found->second;
  }

  std::string describe() const override {
    return fmt::format("replayed: {} published links of {}", links_.size(), file_);
  }

 private:
  void read_receivers(std::int64_t from, const JsonNode& zones) {
    for (const auto& [zone, gpus] : zones.members()) {
      for (const auto& [gpu, counts] : gpus.members()) {
        for (const auto& [count, entry] : counts.members()) {
          const std::vector<JsonNode> parts = entry.elements();
          if (parts.size() != 2) entry.fail("[[a, b, c], largest bytes/s]");
          const std::vector<double> fit = parts[0].numbers();
          if (fit.size() != 3) parts[0].fail("the three coefficients of a quadratic");
          const LinkModel model =
              LinkModel::quadratic_log2_mb(fit[0], fit[1], fit[2], bandwidth_bytes_per_s(parts[1]));
          links_.emplace_back(key_of(from, add_end(zone, gpu, count, entry)),
                              model.valid_between(kSmallestMeasuredBytes, kLargestMeasuredBytes));
        }
      }
    }
  }

  std::int64_t add_end(const std::string& zone, const std::string& gpu, const std::string& count,
                       const JsonNode& place) {
    int gpus = 0;
    const char* end = count.data() + count.size();
    const auto parsed = std::from_chars(count.data(), end, gpus);
    if (parsed.ec != std::errc() || parsed.ptr != end || gpus < 1 || gpus > kMostGpus) {
      place.fail(fmt::format("a number of GPUs from 1 to {} as the key", kMostGpus), quote(count));
    }
    const int z = zones_.add(zone);
    const int g = gpus_.add(gpu);
    if (z >= kMostNames || g >= kMostNames) {
      place.fail(fmt::format("at most {} zones and GPU types", kMostNames), "more");
    }
    return number(z, g, gpus);
  }

  /// -1 where the zone or the GPU type is unknown.
  std::int64_t find_end(const LinkEnd& end) const {
    const int zone = zones_.find(end.zone);
    const int gpu = gpus_.find(end.gpu);
    if (zone < 0 || gpu < 0 || end.count < 1 || end.count > kMostGpus) return -1;
    return number(zone, gpu, end.count);
  }

  static std::int64_t number(int zone, int gpu, int count) {
    return (std::int64_t{zone} * kMostNames + gpu) * (kMostGpus + 1) + count;
  }
  static std::int64_t key_of(std::int64_t from, std::int64_t to) {
    constexpr std::int64_t kEnds = std::int64_t{kMostNames} * kMostNames * (kMostGpus + 1);
    return from < 0 || to < 0 ? -1 : from * kEnds + to;
  }

  std::string file_;
  Names zones_;
  Names gpus_;
  std::vector<std::pair<std::int64_t, LinkModel>> links_;  ///< sorted by key
};

}  // namespace

std::shared_ptr<const Network> read_sailor_network(const std::filesystem::path& artifact_dir) {
  return std::make_shared<SailorNetwork>(artifact_dir / "sailor" / "providers" /
                                         "multizone_bandwidths_het.json");
}

}  // namespace sextant
