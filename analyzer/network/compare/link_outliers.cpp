#include "analyzer/network/compare/link_outliers.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/compare/robust_statistics.h"

namespace sextant {

namespace {

constexpr double kLeastSpread = 0.01;
constexpr std::size_t kFewestLinks = 5;
constexpr std::size_t kFewestRanks = 4;
constexpr std::size_t kFewestOfRank = 3;

/// Median over the links of each rank, of ranks with enough of them.
using Levels = std::map<int, double>;

/// A link's logarithm, and its ends.
struct LogLink {
  int from = 0;
  int to = 0;
  double value = 0;
};

class Judge {
 public:
  Judge(const LinkMatrix& matrix, const BandwidthDocument& document)
      : matrix_(matrix), document_(document) {
    for (const MeasuredLink& link : matrix.links) {
      links_.push_back({link.from, link.to, std::log(link.bytes_per_s)});
    }
  }

  LinkFindings findings() {
    LinkFindings out;
    if (links_.empty()) {
      out.unjudged = "no link has a figure";
      return out;
    }
    if (links_.size() < kFewestLinks) {
      out.typical_bytes_per_s = std::exp(median_of(values(links_)));
      out.unjudged = fmt::format("{} links are too few to call one of them usual", links_.size());
      return out;
    }
    suspect_ends();
    judge_links(out);
    judge_directions(out);
    out.ends = named_ends(out.typical_bytes_per_s);
    return out;
  }

 private:
  static std::vector<double> values(const std::vector<LogLink>& links) {
    std::vector<double> out;
    for (const LogLink& link : links) out.push_back(link.value);
    return out;
  }

  Levels levels(bool sending) const {
    std::map<int, std::vector<double>> of_rank;
    for (const LogLink& link : links_) {
      of_rank[sending ? link.from : link.to].push_back(link.value);
      // One figure for both ways belongs to both ends.
      if (matrix_.both_ways) of_rank[sending ? link.to : link.from].push_back(link.value);
    }
    Levels out;
    for (auto& [rank, found] : of_rank) {
      if (found.size() >= kFewestOfRank) out[rank] = median_of(std::move(found));
    }
    return out;
  }

  static double level_of(const Levels& levels, int rank, double otherwise) {
    const auto found = levels.find(rank);
    return found == levels.end() ? otherwise : found->second;
  }

  /// Step 1. The links' own spread is what is left of them beside their ends' levels; those were
  /// fitted to the same links, which the factor makes up for.
  void suspect_ends() {
    sends_ = levels(true);
    receives_ = matrix_.both_ways ? sends_ : levels(false);
    if (sends_.size() < kFewestRanks && receives_.size() < kFewestRanks) return;
    const double centre = median_of(values(links_));
    std::vector<double> rest;
    for (const LogLink& link : links_) {
      rest.push_back(link.value - std::min(level_of(sends_, link.from, centre),
                                           level_of(receives_, link.to, centre)));
    }
    const std::size_t fitted = matrix_.both_ways ? sends_.size() : sends_.size() + receives_.size();
    const auto count = static_cast<double>(links_.size());
    const double left = std::max(1.0, count - static_cast<double>(fitted));
    const double scale = mad_scale(rest, median_of(rest)) * std::sqrt(count / left);
    slow_senders_ = slow_ones(sends_, scale);
    slow_receivers_ = matrix_.both_ways ? slow_senders_ : slow_ones(receives_, scale);
  }

  /// Tested twice as often as there are ranks: once as senders, once as receivers.
  std::set<int> slow_ones(const Levels& levels, double link_scale) const {
    std::set<int> out;
    if (levels.size() < kFewestRanks) return out;
    std::vector<double> all;
    for (const auto& [rank, level] : levels) all.push_back(level);
    const double centre = median_of(all);
    const double scale = std::max({kLeastSpread, link_scale, mad_scale(all, centre)});
    const double bound = outlier_bound(2 * levels.size(), links_.size());
    for (const auto& [rank, level] : levels) {
      if (centre - level > bound * scale) out.insert(rank);
    }
    return out;
  }

  bool is_slow_sender(int rank) const { return slow_senders_.count(rank) > 0; }
  bool is_slow_receiver(int rank) const { return slow_receivers_.count(rank) > 0; }
  bool has_suspect(const LogLink& link) const {
    return is_slow_sender(link.from) || is_slow_receiver(link.to) ||
           (matrix_.both_ways && is_slow_sender(link.to));
  }

  /// Step 2.
  void judge_links(LinkFindings& out) const {
    std::vector<double> clean;
    for (const LogLink& link : links_) {
      if (!has_suspect(link)) clean.push_back(link.value);
    }
    const double typical = median_of(clean.empty() ? values(links_) : clean);
    out.typical_bytes_per_s = std::exp(typical);
    std::vector<double> expected;
    std::vector<double> rest;
    for (const LogLink& link : links_) {
      double level = typical;
      if (is_slow_sender(link.from)) level = std::min(level, sends_.at(link.from));
      if (is_slow_receiver(link.to)) level = std::min(level, receives_.at(link.to));
      if (matrix_.both_ways && is_slow_sender(link.to)) {
        level = std::min(level, sends_.at(link.to));
      }
      expected.push_back(level);
      rest.push_back(link.value - level);
    }
    const double centre = median_of(rest);
    const double scale = std::max(kLeastSpread, mad_scale(rest, centre));
    out.spread = scale;
    out.bound = outlier_bound(2 * links_.size(), links_.size());
    for (std::size_t i = 0; i < links_.size(); ++i) {
      const double score = (rest[i] - centre) / scale;
      if (std::abs(score) <= out.bound) continue;
      out.links.push_back({matrix_.links[i], std::exp(links_[i].value - expected[i]), score});
    }
    std::stable_sort(out.links.begin(), out.links.end(),
                     [](const auto& a, const auto& b) { return a.score < b.score; });
  }

  /// Step 3.
  void judge_directions(LinkFindings& out) const {
    if (matrix_.both_ways) return;
    std::map<std::pair<int, int>, std::size_t> places;
    for (std::size_t i = 0; i < links_.size(); ++i) {
      if (!has_suspect(links_[i])) places[{links_[i].from, links_[i].to}] = i;
    }
    std::vector<std::pair<std::size_t, std::size_t>> pairs;
    std::vector<double> differences;
    for (const auto& [ends, there] : places) {
      const auto back = places.find({ends.second, ends.first});
      if (ends.first > ends.second || back == places.end()) continue;
      pairs.emplace_back(there, back->second);
      differences.push_back(links_[there].value - links_[back->second].value);
    }
    if (pairs.size() < kFewestLinks) return;
    const double scale = std::max(kLeastSpread, mad_scale(differences, 0));
    const double bound = outlier_bound(2 * pairs.size(), pairs.size());
    for (std::size_t i = 0; i < pairs.size(); ++i) {
      const double score = std::abs(differences[i]) / scale;
      if (score <= bound) continue;
      const auto [there, back] = pairs[i];
      const bool there_is_slow = differences[i] < 0;
      out.asymmetric.push_back({matrix_.links[there_is_slow ? there : back],
                                matrix_.links[there_is_slow ? back : there],
                                std::exp(-std::abs(differences[i])), score});
    }
    std::stable_sort(out.asymmetric.begin(), out.asymmetric.end(),
                     [](const auto& a, const auto& b) { return a.score > b.score; });
  }

  std::string host_of(int rank) const {
    const auto index = static_cast<std::size_t>(rank);
    return index < document_.ranks.size() ? document_.ranks[index].host : "";
  }

  /// Suspect ranks by role; a machine whose ranks are all suspect stands for them.
  std::vector<SuspectEnd> named_ends(double typical) const {
    std::map<int, SuspectEnd> of_rank;
    for (const auto& [rank, level] : sends_) {
      const bool slow_out = is_slow_sender(rank);
      const bool slow_in = is_slow_receiver(rank);
      if (slow_out || slow_in) of_rank[rank] = end_of(rank, slow_out, slow_in, typical);
    }
    for (const auto& [rank, level] : receives_) {
      if (is_slow_receiver(rank) && of_rank.count(rank) == 0) {
        of_rank[rank] = end_of(rank, false, true, typical);
      }
    }
    std::map<std::string, std::set<int>> ranks_of_host;
    for (const LogLink& link : links_) {
      ranks_of_host[host_of(link.from)].insert(link.from);
      ranks_of_host[host_of(link.to)].insert(link.to);
    }
    std::vector<SuspectEnd> out;
    for (const auto& [rank, end] : of_rank) {
      const std::string host = host_of(rank);
      const std::set<int>& together = ranks_of_host.at(host);
      const bool whole = !host.empty() && together.size() > 1 &&
                         std::all_of(together.begin(), together.end(), [&](int other) {
                           const auto found = of_rank.find(other);
                           return found != of_rank.end() && found->second.role == end.role;
                         });
      if (!whole) {
        out.push_back(end);
      } else if (rank == *together.begin()) {
        SuspectEnd machine = end;
        machine.host = host;
        machine.ranks.assign(together.begin(), together.end());
        std::vector<double> ratios;
        for (const int other : together) ratios.push_back(of_rank.at(other).ratio);
        machine.ratio = median_of(std::move(ratios));
        out.push_back(std::move(machine));
      }
    }
    return out;
  }

  SuspectEnd end_of(int rank, bool slow_out, bool slow_in, double typical) const {
    SuspectEnd end;
    end.ranks = {rank};
    end.role = slow_out && slow_in ? SuspectEnd::Role::kBoth
               : slow_out          ? SuspectEnd::Role::kSends
                                   : SuspectEnd::Role::kReceives;
    const double level =
        std::min(slow_out ? sends_.at(rank) : HUGE_VAL, slow_in ? receives_.at(rank) : HUGE_VAL);
    end.ratio = std::exp(level) / typical;
    return end;
  }

  const LinkMatrix& matrix_;
  const BandwidthDocument& document_;
  std::vector<LogLink> links_;
  Levels sends_;
  Levels receives_;
  std::set<int> slow_senders_;
  std::set<int> slow_receivers_;
};

}  // namespace

std::string_view to_string(SuspectEnd::Role role) {
  switch (role) {
    case SuspectEnd::Role::kSends:
      return "sends";
    case SuspectEnd::Role::kReceives:
      return "receives";
    case SuspectEnd::Role::kBoth:
      return "sends and receives";
  }
  throw Error(ErrorCode::kInternal, "a role without a name");
}

LinkFindings find_outliers(const LinkMatrix& matrix, const BandwidthDocument& document) {
  return Judge(matrix, document).findings();
}

}  // namespace sextant
