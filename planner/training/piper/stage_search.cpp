#include "planner/training/piper/stage_search.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace sextant::piper {

namespace {

constexpr double kNone = std::numeric_limits<double>::infinity();
/// Seconds a sequence. A division has to be better by more than that to replace another: of equal
/// ones the first stays, which has the smallest first stage.
constexpr double kTie = 1e-9;

struct Choice {
  int end = 0;  ///< of the first stage
  int dp = 0;
};

/// The best divisions of the layers from some layer on, by the sum of their stages' data-parallel
/// degrees. At tensor degree 1 that sum is also the number of devices, for which the published
/// table has a dimension of its own.
struct Suffix {
  std::vector<double> sample_s;
  std::vector<Choice> choices;
};

class StageSearch {
 public:
  StageSearch(const Chain& chain, const Devices& devices, int batch, SearchBudget& budget)
      : chain_(chain),
        devices_(devices),
        batch_(batch),
        budget_(budget),
        largest_sum_(std::min(devices.count, batch)) {
    const auto width = static_cast<std::size_t>(largest_sum_) + 1;
    suffixes_.assign(static_cast<std::size_t>(chain.size()) + 1,
                     {std::vector<double>(width, kNone), std::vector<Choice>(width)});
    suffixes_.back().sample_s[0] = 0;
    for (int dp = 1; dp <= largest_sum_; ++dp) {
      if (batch % dp == 0) degrees_.push_back(dp);
    }
  }

  std::optional<Division> run() {
    for (int first = chain_.size() - 1; first >= 0; --first) {
      for (int end = first + 1; end <= chain_.size(); ++end) {
        if (budget_.spent()) return std::nullopt;
        for (const int dp : degrees_) try_stage({first, end}, dp);
      }
    }
    return reconstruct();
  }

 private:
  void try_stage(const LayerRange& layers, int dp) {
    const double activations = chain_.activation_bytes(layers);
    const double left = devices_.memory_bytes - chain_.state_bytes(layers);
    if (left < activations) return;
    // As many microbatches in flight as fit bound the degrees of this and the later stages.
    const double most = activations > 0 ? std::floor(left / activations) : largest_sum_;
    const int sums = static_cast<int>(std::min(most * dp, static_cast<double>(largest_sum_)));
    const double sync = sync_bytes(chain_.parameter_bytes(layers), dp) / batch_;
    const double bytes = chain_.transfer_bytes(layers) / dp + sync;
    // A lone replica sends nothing, over whatever link.
    const double own =
        chain_.compute_s(layers) / dp + (bytes > 0 ? bytes / devices_.bytes_per_s : 0);
    Suffix& here = suffixes_[static_cast<std::size_t>(layers.first)];
    const Suffix& behind = suffixes_[static_cast<std::size_t>(layers.end)];
    for (int sum = dp; sum <= sums; ++sum) {
      const auto at = static_cast<std::size_t>(sum);
      const double sample_s = std::max(own, behind.sample_s[static_cast<std::size_t>(sum - dp)]);
      if (sample_s < here.sample_s[at] - kTie) {
        here.sample_s[at] = sample_s;
        here.choices[at] = {layers.end, dp};
      }
    }
    budget_.count(static_cast<std::uint64_t>(std::max(0, sums - dp + 1)));
  }

  std::optional<Division> reconstruct() const {
    const std::vector<double>& all = suffixes_.front().sample_s;
    int sum = 0;
    for (int s = 1; s <= largest_sum_; ++s) {
      const double sample_s = all[static_cast<std::size_t>(s)];
      if (sample_s < all[static_cast<std::size_t>(sum)] - kTie) sum = s;
    }
    if (sum == 0) return std::nullopt;
    Division best;
    best.sample_s = all[static_cast<std::size_t>(sum)];
    for (int layer = 0; layer < chain_.size();) {
      const Choice& choice =
          suffixes_[static_cast<std::size_t>(layer)].choices[static_cast<std::size_t>(sum)];
      best.stages.push_back({{layer, choice.end}, choice.dp});
      layer = choice.end;
      sum -= choice.dp;
    }
    return best;
  }

  const Chain& chain_;
  const Devices& devices_;
  int batch_;
  SearchBudget& budget_;
  int largest_sum_;
  std::vector<int> degrees_;  ///< that divide the batch, ascending
  std::vector<Suffix> suffixes_;
};

}  // namespace

std::optional<Division> best_division(const Chain& chain, const Devices& devices, int batch,
                                      SearchBudget& budget) {
  return StageSearch(chain, devices, batch, budget).run();
}

}  // namespace sextant::piper
