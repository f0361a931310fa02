#include "analyzer/network/fit/network_fit.h"

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/network/fit/collective_fit.h"
#include "analyzer/network/fit/robust.h"

namespace sextant {

namespace {

/// What sweeps must share to be pooled.
struct ClassKey {
  LinkLevel level = LinkLevel::kInsideNode;
  CommunicationOp op = CommunicationOp::kSendRecv;
  std::string gpu;
  std::string from_zone;
  std::string to_zone;
  int count = 1;  ///< senders of a link, ranks of a collective

  auto tied() const { return std::tie(op, level, gpu, from_zone, to_zone, count); }
  bool operator<(const ClassKey& other) const { return tied() < other.tied(); }

  std::string text() const {
    const std::string_view type = gpu.empty() ? std::string_view("any GPU") : gpu;
    if (is_collective(op)) {
      return fmt::format("{} of {} {}, {}", to_string(op), count, type, to_string(level));
    }
    std::string out = fmt::format("{} {}, {}", to_string(op), type, to_string(level));
    if (!from_zone.empty()) out += fmt::format(", {} to {}", from_zone, to_zone);
    if (count > 1) out += fmt::format(", {} senders", count);
    return out;
  }
};

struct Pool {
  std::map<double, std::vector<double>> times_s;  ///< by bytes
  int sweeps = 0;
  Evidence evidence = Evidence::kMeasuredGpu;
  std::set<std::string> sources;
  std::set<std::string> tools;
  std::set<std::string> interconnects;

  std::vector<FitPoint> points() const {
    std::vector<FitPoint> out;
    for (const auto& [bytes, times] : times_s) out.push_back({bytes, quantile_of(times, 0.5)});
    return out;
  }
  std::optional<double> spread() const {
    std::vector<double> spreads;
    for (const auto& [bytes, times] : times_s) {
      if (times.size() < 2) continue;
      spreads.push_back((quantile_of(times, 0.9) - quantile_of(times, 0.1)) /
                        quantile_of(times, 0.5));
    }
    return spreads.empty() ? std::nullopt : std::optional(quantile_of(spreads, 0.5));
  }
  std::string source() const {
    return fmt::format("{}: {}", fmt::join(tools, ", "), fmt::join(sources, ", "));
  }
};

class NetworkFitter {
 public:
  explicit NetworkFitter(const NetworkFitOptions& options) : options_(options) {}

  void add(const BandwidthDocument& document) {
    if (!document.complete) {
      problems_.push_back(
          fmt::format("{}: measuring ended early, what it has is used", document.source));
    }
    for (const Sweep& sweep : document.sweeps) {
      if (options_.op && sweep.op != *options_.op) continue;
      add(document, sweep);
    }
  }

  NetworkFit fit() {
    NetworkFit out;
    out.content.name = options_.name;
    std::set<std::string> sources;
    for (const auto& [key, pool] : pools_) {
      sources.insert(pool.sources.begin(), pool.sources.end());
      if (!is_collective(key.op)) fit_link_of(key, pool, out);
    }
    fit_collectives(out);
    out.content.source = fmt::format("fitted to {}", fmt::join(sources, ", "));
    out.problems = std::move(problems_);
    if (out.content.empty()) {
      throw_bad_input(
          out.problems.empty()
              ? "no sweep to fit: expected send_recv, copies or collectives"
              : fmt::format("nothing could be fitted: {}", fmt::join(out.problems, "; ")));
    }
    return out;
  }

 private:
  void add(const BandwidthDocument& document, const Sweep& sweep) {
    const std::string place = fmt::format("{}: {}", document.source, sweep.text());
    if (sweep.pattern == SweepPattern::kRing) {
      problems_.push_back(place + ": left out, no link of a network is a ring");
      return;
    }
    ClassKey key{.level = sweep.level,
                 .op = sweep.op,
                 .gpu = sweep.gpu,
                 .from_zone = "",
                 .to_zone = "",
                 .count = is_collective(sweep.op) ? sweep.world_size : sweep.senders()};
    if (sweep.level == LinkLevel::kBetweenZones && !is_collective(sweep.op)) {
      if (sweep.from_zone.empty() || sweep.to_zone.empty() || sweep.from_zone == sweep.to_zone) {
        problems_.push_back(place + ": left out, it does not say between which zones");
        return;
      }
      key.from_zone = sweep.from_zone;
      key.to_zone = sweep.to_zone;
    }
    int used = 0;
    Pool& pool = pools_[key];
    for (const BandwidthPoint& point : sweep.points) {
      if (point.wrong.value_or(0) > 0) {
        problems_.push_back(fmt::format("{}: {:.0f} bytes left out, {} values were wrong", place,
                                        point.bytes, *point.wrong));
        continue;
      }
      if (!(point.time.median_s > 0)) {
        problems_.push_back(
            fmt::format("{}: {:.0f} bytes left out, its time is not positive", place, point.bytes));
        continue;
      }
      pool.times_s[point.bytes * sweep.senders()].push_back(point.time.median_s);
      ++used;
    }
    if (used == 0) {
      problems_.push_back(place + ": has no size that could be used");
      if (pool.sweeps == 0) pools_.erase(key);
      return;
    }
    ++pool.sweeps;
    pool.evidence = pool.sweeps == 1 ? document.evidence : weaker(pool.evidence, document.evidence);
    pool.sources.insert(document.source);
    pool.tools.insert(document.tool_version.empty() ? document.tool
                                                    : document.tool + " " + document.tool_version);
    if (!sweep.interconnect.empty()) pool.interconnects.insert(sweep.interconnect);
  }

  /// Nothing, and a problem, where these points cannot be fitted.
  std::optional<LinkFit> fit_pool(const ClassKey& key, const Pool& pool, NetworkFit& out) {
    const std::vector<FitPoint> points = pool.points();
    try {
      LinkFit fit = fit_link(points, options_.model);
      fit.record.sweeps = pool.sweeps;
      fit.record.spread_between_sweeps = pool.spread();
      fit.record.sources.assign(pool.sources.begin(), pool.sources.end());
      out.curves.push_back({key.text(), points, fit.model, fit.record, pool.evidence});
      return fit;
    } catch (const Error& error) {
      if (error.code() == ErrorCode::kInternal) throw;
      problems_.push_back(fmt::format("{}: not fitted, {}", key.text(), error.message()));
      return std::nullopt;
    }
  }

  void fit_link_of(const ClassKey& key, const Pool& pool, NetworkFit& out) {
    const std::optional<LinkFit> fit = fit_pool(key, pool, out);
    if (!fit) return;
    out.content.levels[static_cast<std::size_t>(key.level)].push_back(
        {.op = key.op,
         .gpu = key.gpu,
         .from_zone = key.from_zone,
         .to_zone = key.to_zone,
         .interconnect = fmt::format("{}", fmt::join(pool.interconnects, ", ")),
         .senders = key.count,
         .model = fit->model,
         .node_bandwidth_bytes_per_s = std::numeric_limits<double>::infinity(),
         .evidence = pool.evidence,
         .source = pool.source(),
         .fit = fit->record});
  }

  void fit_collectives(NetworkFit& out) {
    for (auto first = pools_.begin(); first != pools_.end();) {
      const ClassKey key = first->first;
      const auto last = std::find_if(first, pools_.end(), [&](const auto& entry) {
        return entry.first.op != key.op || entry.first.level != key.level ||
               entry.first.gpu != key.gpu;
      });
      if (is_collective(key.op)) fit_collective(first, last, out);
      first = last;
    }
  }

  using PoolIterator = std::map<ClassKey, Pool>::const_iterator;

  /// All worlds of one operation, level and GPU type.
  void fit_collective(PoolIterator first, PoolIterator last, NetworkFit& out) {
    CollectiveClass collective;
    collective.op = first->first.op;
    collective.level = first->first.level;
    collective.gpu = first->first.gpu;
    collective.evidence = first->second.evidence;
    std::vector<WorldPoints> worlds;
    std::set<std::string> sources;
    for (auto entry = first; entry != last; ++entry) {
      const auto& [key, pool] = *entry;
      collective.evidence = weaker(collective.evidence, pool.evidence);
      sources.insert(pool.source());
      worlds.push_back({key.count, pool.points()});
      if (const auto fit = fit_pool(key, pool, out)) {
        collective.worlds.push_back({key.count, fit->model, fit->record});
      }
    }
    const bool any = std::any_of(worlds.begin(), worlds.end(),
                                 [](const WorldPoints& world) { return world.world_size > 1; });
    if (any) {
      try {
        collective.terms = fit_collective_terms(collective.op, worlds);
        for (auto entry = first; entry != last; ++entry) {
          const std::set<std::string>& files = entry->second.sources;
          std::vector<std::string>& all = collective.terms->fit.sources;
          all.insert(all.end(), files.begin(), files.end());
        }
        std::vector<std::string>& all = collective.terms->fit.sources;
        std::sort(all.begin(), all.end());
        all.erase(std::unique(all.begin(), all.end()), all.end());
      } catch (const Error& error) {
        if (error.code() == ErrorCode::kInternal) throw;
        problems_.push_back(fmt::format("{}: {}", to_string(collective.op), error.message()));
      }
    }
    if (collective.worlds.empty() && !collective.terms) return;
    collective.source = fmt::format("{}", fmt::join(sources, "; "));
    out.content.collectives.push_back(std::move(collective));
  }

  const NetworkFitOptions& options_;
  std::map<ClassKey, Pool> pools_;
  std::vector<std::string> problems_;
};

}  // namespace

NetworkFit fit_network(std::span<const BandwidthDocument> documents,
                       const NetworkFitOptions& options) {
  NetworkFitter fitter(options);
  for (const BandwidthDocument& document : documents) fitter.add(document);
  return fitter.fit();
}

}  // namespace sextant
