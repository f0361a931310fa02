#include "analyzer/serving/formats/measured_curves.h"

#include <algorithm>

namespace sextant {

namespace {

constexpr std::string_view kBlock = "block";

/// Calls `add(kind, share)` for every kind of block.
template <typename Add>
void for_blocks(const ServingDocument& document, const Add& add) {
  std::vector<int> counts(document.kinds.size(), 0);
  for (const LayerRun& run : document.sequence) {
    counts[static_cast<std::size_t>(run.kind)] += run.count;
  }
  const int blocks = block_count(document);
  for (std::size_t k = 0; k < document.kinds.size(); ++k) {
    if (document.kinds[k].kind == kBlock && counts[k] > 0) {
      add(document.kinds[k], static_cast<double>(counts[k]) / blocks);
    }
  }
}

/// Leaves out points that not every kind has.
template <typename Table>
Table complete(const Table& sums, const std::map<typename Table::key_type, int>& seen, int kinds) {
  Table table;
  for (const auto& [point, seconds] : sums) {
    if (seen.at(point) == kinds) table.emplace(point, seconds);
  }
  return table;
}

/// A batch's measured contexts and seconds, by context.
std::vector<std::pair<double, double>> of_batch(const DecodeTable& table, int batch) {
  std::vector<std::pair<double, double>> points;
  for (const auto& [point, seconds] : table) {
    if (point.first == batch) points.emplace_back(point.second, seconds);
  }
  return points;
}

std::vector<int> batches_of(const DecodeTable& table) {
  std::vector<int> batches;
  for (const auto& [point, seconds] : table) {
    if (batches.empty() || batches.back() != point.first) batches.push_back(point.first);
  }
  return batches;
}

}  // namespace

int block_count(const ServingDocument& document) {
  int blocks = 0;
  for (const LayerRun& run : document.sequence) {
    if (document.kinds[static_cast<std::size_t>(run.kind)].kind == kBlock) blocks += run.count;
  }
  return blocks;
}

PrefillTable block_prefill(const ServingDocument& document) {
  PrefillTable sums;
  std::map<int, int> seen;
  int kinds = 0;
  for_blocks(document, [&](const ServingLayerProfile& kind, double share) {
    ++kinds;
    for (const PrefillTime& point : kind.prefill) {
      sums[point.tokens] += share * point.time.median_s;
      ++seen[point.tokens];
    }
  });
  return complete(sums, seen, kinds);
}

DecodeTable block_decode(const ServingDocument& document) {
  DecodeTable sums;
  std::map<std::pair<int, int>, int> seen;
  int kinds = 0;
  for_blocks(document, [&](const ServingLayerProfile& kind, double share) {
    ++kinds;
    for (const DecodeTime& point : kind.decode) {
      sums[{point.batch, point.context}] += share * point.time.median_s;
      ++seen[{point.batch, point.context}];
    }
  });
  return complete(sums, seen, kinds);
}

double seconds_per_context_token(const DecodeTable& table) {
  double products = 0;
  double squares = 0;
  for (const int batch : batches_of(table)) {
    const auto points = of_batch(table, batch);
    double mean_tokens = 0;
    double mean_s = 0;
    for (const auto& [context, seconds] : points) {
      mean_tokens += batch * context / static_cast<double>(points.size());
      mean_s += seconds / static_cast<double>(points.size());
    }
    for (const auto& [context, seconds] : points) {
      const double tokens = batch * context - mean_tokens;
      products += tokens * (seconds - mean_s);
      squares += tokens * tokens;
    }
  }
  return squares > 0 ? std::max(0.0, products / squares) : 0;
}

std::vector<std::pair<double, double>> decode_at_context(const DecodeTable& table, double context,
                                                         double slope) {
  constexpr double kLeastShare = 0.5;
  std::vector<std::pair<double, double>> curve;
  for (const int batch : batches_of(table)) {
    const auto points = of_batch(table, batch);
    const auto above = std::find_if(points.begin(), points.end(),
                                    [&](const auto& point) { return point.first >= context; });
    double seconds = 0;
    if (above == points.begin() || above == points.end()) {
      const auto& [nearest, measured] = above == points.end() ? points.back() : points.front();
      seconds = std::max(kLeastShare * measured, measured + slope * batch * (context - nearest));
    } else {
      const auto& [high, high_s] = *above;
      const auto& [low, low_s] = *std::prev(above);
      seconds = low_s + (high_s - low_s) * (context - low) / (high - low);
    }
    curve.emplace_back(batch, seconds);
  }
  return curve;
}

}  // namespace sextant
