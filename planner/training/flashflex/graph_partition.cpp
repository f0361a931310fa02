#include "planner/training/flashflex/graph_partition.h"

#include "analyzer/core/error.h"

#ifdef SEXTANT_HAS_METIS
#include <algorithm>
#include <csignal>
#include <limits>
#include <metis.h>
#include <mutex>
#include <numeric>

#include <fmt/format.h>
#endif

namespace sextant::flashflex {

#ifdef SEXTANT_HAS_METIS

namespace {

/// METIS doubles sums of weights (fm.c of 5.1.0) and rounds them up; a bit more is spare. What its
/// k-way refinement multiplies overflows nevertheless, as it did in the published planner, whose
/// weights of 2^44 were too large for 64 bits: it then breaks ties otherwise.
constexpr int kSpareBits = 3;
constexpr int kIndexBits = std::numeric_limits<idx_t>::digits;

/// Above, pymetis calls METIS_PartGraphKway.
constexpr int kMostPartsByBisection = 8;

std::vector<idx_t> scaled(const std::vector<std::int64_t>& weights) {
  const auto sum = std::accumulate(weights.begin(), weights.end(), std::int64_t{0});
  int halvings = 0;
  while (sum >> halvings >= std::int64_t{1} << (kIndexBits + 1 - kSpareBits)) ++halvings;
  std::vector<idx_t> out;
  out.reserve(weights.size());
  for (const std::int64_t weight : weights) out.push_back(static_cast<idx_t>(weight >> halvings));
  return out;
}

/// While METIS works it has SIGTERM for its own errors and jumps out of whatever runs: the signal
/// waits until it is done.
class TerminationWaits {
 public:
  TerminationWaits() {
    sigset_t blocked;
    sigemptyset(&blocked);
    sigaddset(&blocked, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &blocked, &before_);
  }
  ~TerminationWaits() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  TerminationWaits(const TerminationWaits&) = delete;
  TerminationWaits& operator=(const TerminationWaits&) = delete;

 private:
  sigset_t before_{};
};

/// The numbers that are in use become 0, 1, …, in their order.
std::vector<int> without_gaps(const std::vector<idx_t>& parts, int most) {
  std::vector<int> number(static_cast<std::size_t>(most), -1);
  for (const idx_t part : parts) number[static_cast<std::size_t>(part)] = 0;
  int next = 0;
  for (int& n : number) {
    if (n == 0) n = next++;
  }
  std::vector<int> out;
  for (const idx_t part : parts) out.push_back(number[static_cast<std::size_t>(part)]);
  return out;
}

}  // namespace

bool can_cut_graphs() {
  return true;
}
int metis_index_bits() {
  return kIndexBits + 1;
}

struct CompleteGraph::Arrays {
  std::vector<idx_t> first;  ///< of each vertex's neighbours; one more at the end
  std::vector<idx_t> neighbours;
  std::vector<idx_t> vertex_weights;
  std::vector<idx_t> edge_weights;
};

CompleteGraph::CompleteGraph(const std::vector<std::int64_t>& vertex_weights,
                             const std::function<std::int64_t(int, int)>& edge_weight)
    : arrays_(std::make_unique<Arrays>()) {
  const auto vertices = static_cast<int>(vertex_weights.size());
  std::vector<std::int64_t> edges;
  edges.reserve(vertex_weights.size() * vertex_weights.size());
  arrays_->first.push_back(0);
  for (int a = 0; a < vertices; ++a) {
    for (int b = 0; b < vertices; ++b) {
      if (a == b) continue;
      arrays_->neighbours.push_back(b);
      edges.push_back(edge_weight(a, b));
    }
    arrays_->first.push_back(static_cast<idx_t>(arrays_->neighbours.size()));
  }
  // METIS crashes on a graph whose edges all weigh nothing; of those every cut is as good.
  if (std::all_of(edges.begin(), edges.end(), [](std::int64_t weight) { return weight == 0; })) {
    std::fill(edges.begin(), edges.end(), 1);
  }
  arrays_->vertex_weights = scaled(vertex_weights);
  arrays_->edge_weights = scaled(edges);
}

std::vector<int> CompleteGraph::cut(int parts, std::int64_t seed) const {
  auto vertices = static_cast<idx_t>(arrays_->vertex_weights.size());
  std::vector<idx_t> part_of(arrays_->vertex_weights.size(), 0);
  if (parts > 1 && vertices > 1) {
    idx_t options[METIS_NOPTIONS];
    METIS_SetDefaultOptions(options);
    options[METIS_OPTION_CONTIG] = 1;
    if (seed >= 0) {
      options[METIS_OPTION_SEED] =
          static_cast<idx_t>(seed & std::numeric_limits<std::int32_t>::max());
    }
    idx_t constraints = 1;
    idx_t wanted = parts;
    idx_t cut_weight = 0;
    static std::mutex one_at_a_time;
    const std::lock_guard lock(one_at_a_time);
    const TerminationWaits termination_waits;
    const auto by = parts <= kMostPartsByBisection ? METIS_PartGraphRecursive : METIS_PartGraphKway;
    const int status =
        by(&vertices, &constraints, arrays_->first.data(), arrays_->neighbours.data(),
           arrays_->vertex_weights.data(), nullptr, arrays_->edge_weights.data(), &wanted, nullptr,
           nullptr, options, &cut_weight, part_of.data());
    if (status != METIS_OK) {
      throw Error(ErrorCode::kInternal, fmt::format("METIS cannot cut {} GPUs into {}: status {}",
                                                    vertices, parts, status));
    }
  }
  return without_gaps(part_of, parts);
}

#else

bool can_cut_graphs() {
  return false;
}
int metis_index_bits() {
  return 0;
}

struct CompleteGraph::Arrays {};

CompleteGraph::CompleteGraph(const std::vector<std::int64_t>&,
                             const std::function<std::int64_t(int, int)>&) {}

std::vector<int> CompleteGraph::cut(int, std::int64_t) const {
  throw_bad_input(
      "Sextant was built without METIS, which FlashFlex plans with: install it (Debian "
      "package libmetis-dev) and build again");
}

#endif

CompleteGraph::~CompleteGraph() = default;
CompleteGraph::CompleteGraph(CompleteGraph&&) noexcept = default;
CompleteGraph& CompleteGraph::operator=(CompleteGraph&&) noexcept = default;

}  // namespace sextant::flashflex
