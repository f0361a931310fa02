#include <ATen/ATen.h>
#include <mutex>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/distributed/c10d/HashStore.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "profiler/model/process_group.h"
#include "tests/profiler/model/layer_bench.h"
#include "tests/profiler/model/rank_threads.h"

namespace sextant::testing {
namespace {

using profiler::Collectives;
using profiler::LoneShard;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;

struct Exchange {
  std::string operation;
  double bytes = 0;
  bool operator==(const Exchange&) const = default;
};

void PrintTo(const Exchange& exchange, std::ostream* out) {
  *out << exchange.operation << ' ' << exchange.bytes;
}

/// A real group that writes down what passes through it.
class Recorded : public Collectives {
 public:
  explicit Recorded(Collectives& group) : group_(group) {}
  std::vector<Exchange> exchanges;

  int rank() const override { return group_.rank(); }
  int size() const override { return group_.size(); }
  void all_reduce_sum(at::Tensor& tensor) override {
    exchanges.push_back({"all_reduce", static_cast<double>(tensor.nbytes())});
    group_.all_reduce_sum(tensor);
  }
  void all_reduce_max(at::Tensor& tensor) override {
    exchanges.push_back({"all_reduce", static_cast<double>(tensor.nbytes())});
    group_.all_reduce_max(tensor);
  }
  at::Tensor all_gather(const at::Tensor& rows) override {
    const at::Tensor all = group_.all_gather(rows);
    exchanges.push_back({"all_gather", static_cast<double>(all.nbytes())});
    return all;
  }
  at::Tensor reduce_scatter(const at::Tensor& rows) override {
    exchanges.push_back({"reduce_scatter", static_cast<double>(rows.nbytes())});
    return group_.reduce_scatter(rows);
  }

 private:
  Collectives& group_;
};

std::vector<Exchange> run_and_record(const LayerBench& bench, Recorded& group) {
  const auto layer = bench.make(group);
  const at::Tensor output = layer->forward(bench.input(group));
  torch::autograd::backward({output}, {bench.output_gradient(group)});
  return group.exchanges;
}

std::vector<Exchange> of_lone_shard(const LayerBench& bench) {
  LoneShard alone(bench.options().tp);
  std::vector<Exchange> exchanges;
  alone.observe([&](std::string_view operation, double bytes) {
    exchanges.push_back({std::string(operation), bytes});
  });
  const auto layer = bench.make(alone);
  const at::Tensor output = layer->forward(bench.input(alone));
  torch::autograd::backward({output}, {bench.output_gradient(alone)});
  return exchanges;
}

TEST(LoneShard, ReportsWhatARealGroupExchanges) {
  for (const ModelDescription& model : small_models()) {
    for (const LayerCase& layer : layer_cases(model)) {
      for (const bool sequence_parallel : {false, true}) {
        for (const bool recompute : {false, true}) {
          LayerOptions options = options_of(model, 2, sequence_parallel);
          options.recompute = recompute;
          const LayerBench bench(model, layer, options);
          std::vector<Exchange> real;
          run_ranks(2, [&](Collectives& group) {
            Recorded recorded(group);
            const std::vector<Exchange> exchanges = run_and_record(bench, recorded);
            if (group.rank() == 0) real = exchanges;
          });
          EXPECT_THAT(of_lone_shard(bench), ElementsAreArray(real))
              << model.name << ' ' << layer.text();
        }
      }
    }
  }
}

/// operators.h: an all-gather and a reduce-scatter count as one all-reduce, so each as half.
double counted(const std::vector<Exchange>& exchanges) {
  double sum = 0;
  for (const Exchange& exchange : exchanges) {
    sum += exchange.operation == "all_reduce" ? exchange.bytes : exchange.bytes / 2;
  }
  return sum;
}

/// What layers exchange beyond, or below, what is counted.
double known_difference(const ModelDescription& model, LayerKind kind,
                        const LayerOptions& options) {
  const double element = element_bytes(options.dtype);
  const double tokens = double{1} * options.microbatch * options.seq_len;
  const double again = options.recompute ? 2 : 1;  // times that forward runs
  if (kind != LayerKind::kBlock || model.experts == 0) return 0;
  const double logits = element * tokens * model.experts;
  const double stream = element * tokens * model.hidden;
  if (!options.sequence_parallel) return logits;  // their gradients' sum
  // The router's logits are gathered, their gradients scattered; the tokens that experts are dealt
  // are kept themselves, so that nothing is gathered again for them.
  return logits * (again + 1) / 2 - stream / 2;
}

TEST(LoneShard, ReportsTheBytesThatAreCounted) {
  for (const ModelDescription& model : small_models()) {
    for (const LayerCase& layer : layer_cases(model)) {
      for (const int tp : {1, 2, 4}) {
        for (const bool sequence_parallel : {false, true}) {
          for (const bool recompute : {false, true}) {
            LayerOptions options = options_of(model, tp, sequence_parallel && tp > 1);
            options.recompute = recompute;
            const LayerBench bench(model, layer, options);
            const LayerCost cost = layer_cost(model, layer.kind, options, layer.block);
            const double difference = tp > 1 ? known_difference(model, layer.kind, options) : 0;
            EXPECT_EQ(
                counted(of_lone_shard(bench)),
                cost.tp_all_reduce_bytes_forward + cost.tp_all_reduce_bytes_backward + difference)
                << model.name << ' ' << layer.text() << " tp " << tp
                << (sequence_parallel ? " sequence parallel" : "")
                << (recompute ? " recomputed" : "");
          }
        }
      }
    }
  }
}

TEST(LoneShard, ResultsHaveTheShapesOfAGroups) {
  LoneShard alone(3, 1);
  const at::Tensor rows = at::arange(6, at::kFloat).view({3, 2});
  EXPECT_EQ(alone.all_gather(rows).sizes(), (std::vector<std::int64_t>{9, 2}));
  EXPECT_TRUE(at::equal(alone.reduce_scatter(rows), rows.narrow(0, 1, 1)));
}

TEST(ProcessGroup, ExchangesAsItSays) {
  std::mutex one_at_a_time;
  run_ranks(2, [&](Collectives& group) {
    const double rank = group.rank();
    at::Tensor sum = at::full({2}, rank + 1, at::kFloat);
    group.all_reduce_sum(sum);
    at::Tensor largest = at::full({2}, rank, at::kFloat);
    group.all_reduce_max(largest);
    const at::Tensor own = at::full({1, 2}, rank, at::kBFloat16);
    const at::Tensor all = group.all_gather(own);
    const at::Tensor rows = at::arange(4, at::kFloat).view({4, 1}) * (rank + 1);
    const at::Tensor scattered = group.reduce_scatter(rows);
    const std::lock_guard lock(one_at_a_time);
    EXPECT_TRUE(at::equal(sum, at::full({2}, 3.0, at::kFloat)));
    EXPECT_TRUE(at::equal(largest, at::full({2}, 1.0, at::kFloat)));
    EXPECT_TRUE(at::equal(all.to(at::kFloat), at::tensor({0.F, 0.F, 1.F, 1.F}).view({2, 2})));
    const float first = rank == 0 ? 0.F : 6.F;
    EXPECT_TRUE(at::equal(scattered, at::tensor({first, first + 3}).view({2, 1})));
  });
}

TEST(ProcessGroup, RanksMeetAtTheEnvironmentsAddress) {
  ::setenv("MASTER_ADDR", "127.0.0.1", 1);
  ::unsetenv("MASTER_PORT");
  const std::chrono::seconds patience(1);
  const auto code = [&](const char* port, int rank) {
    if (port != nullptr) ::setenv("MASTER_PORT", port, 1);
    try {
      profiler::store_from_environment(rank, 2, patience);
    } catch (const Error& error) {
      return error.code();
    }
    return ErrorCode::kInternal;
  };
  EXPECT_EQ(code(nullptr, 0), ErrorCode::kUsage);
  EXPECT_EQ(code("http", 0), ErrorCode::kUsage);
  EXPECT_EQ(code("1", 1), ErrorCode::kBadInput);  // nobody serves there
}

#ifndef SEXTANT_TORCH_CUDA
TEST(ProcessGroup, WithoutABackendSaysSo) {
  const auto store = c10::make_intrusive<c10d::HashStore>();
  EXPECT_THROW(profiler::join_group(store, 0, 1, at::Device(at::kCUDA, 0), std::chrono::seconds(1)),
               Error);
}
#endif

}  // namespace
}  // namespace sextant::testing
