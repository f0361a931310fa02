#include "profiler/model/parameters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include "analyzer/core/error.h"
#include "profiler/model/norms.h"

namespace sextant::profiler {

namespace {

/// Of a stack of matrices too, rows and columns are those of each matrix.
std::int64_t row_dimension(const at::Tensor& tensor) {
  return tensor.dim() == 1 ? 0 : tensor.dim() - 2;
}

/// One part of a parameter's rows on one rank.
struct OwnPart {
  std::int64_t first = 0;  ///< row of this rank's tensor
  std::int64_t rows = 0;
  std::int64_t whole = 0;   ///< rows of the part over all ranks
  std::int64_t holder = 0;  ///< which of its ranges
  bool shared = false;      ///< whether other ranks hold the same
};

std::vector<OwnPart> own_parts(const Sharding& sharding, int rank, int tp) {
  std::vector<OwnPart> parts;
  std::int64_t first = 0;
  for (std::size_t i = 0; i < sharding.parts.size(); ++i) {
    const int repeats = sharding.repeats[i];
    const std::int64_t rows = sharding.parts[i] * repeats / tp;
    parts.push_back({first, rows, sharding.parts[i], rank / repeats, repeats > 1});
    first += rows;
  }
  return parts;
}

void fill_normal(const at::Tensor& tensor, std::uint64_t seed, std::uint64_t stream) {
  constexpr double kDeviation = 0.02;
  constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15;  // streams far apart: 2^64 / golden ratio
  at::Generator generator = at::globalContext().defaultGenerator(tensor.device()).clone();
  generator.set_current_seed(seed + stream * kStride);
  tensor.normal_(0, kDeviation, generator);
}

}  // namespace

at::ScalarType scalar_type(DataType dtype) {
  switch (dtype) {
    case DataType::kFp32:
    case DataType::kTf32:
      return at::kFloat;
    case DataType::kFp16:
      return at::kHalf;
    case DataType::kBf16:
      return at::kBFloat16;
  }
  throw Error(ErrorCode::kInternal, "a data type outside its enumeration");
}

TensorParallel tensor_parallel(const LayerSetup& setup) {
  return {&setup.collectives, setup.options.sequence_parallel && setup.options.tp > 1};
}

at::Tensor ParameterMaker::normal(const std::string& name, const std::vector<std::int64_t>& shape,
                                  Sharding sharding) {
  const int rank = setup_.collectives.rank();
  at::Tensor tensor =
      at::empty(shape, at::TensorOptions(scalar_type(setup_.options.dtype)).device(setup_.device));
  // A stream for each (parameter, part, holder of a range of it).
  constexpr std::uint64_t kMostHolders = 1 << 16;
  constexpr std::uint64_t kMostParts = 4;
  const auto stream = [&](std::size_t part, std::int64_t holder) {
    return (parameters_.size() * kMostParts + part) * kMostHolders +
           static_cast<std::uint64_t>(holder);
  };
  if (sharding.kind == Sharding::Kind::kParts) {
    std::size_t index = 0;
    for (const OwnPart& part : own_parts(sharding, rank, tp())) {
      fill_normal(tensor.narrow(row_dimension(tensor), part.first, part.rows), setup_.seed,
                  stream(index++, part.holder));
    }
  } else {
    const bool replicated = sharding.kind == Sharding::Kind::kReplicated;
    fill_normal(tensor, setup_.seed, stream(0, replicated ? 0 : rank));
  }
  tensor.requires_grad_();
  parameters_.push_back({name, tensor, std::move(sharding)});
  return tensor;
}

at::Tensor ParameterMaker::constant(const std::string& name, std::int64_t size, double value,
                                    Sharding sharding) {
  at::Tensor tensor = at::full(
      {size}, value, at::TensorOptions(scalar_type(setup_.options.dtype)).device(setup_.device));
  tensor.requires_grad_();
  parameters_.push_back({name, tensor, std::move(sharding)});
  return tensor;
}

Weights ParameterMaker::product(const std::string& name, std::int64_t out, std::int64_t in,
                                bool bias, const Sharding& sharding) {
  Weights weights;
  weights.weight = normal(name + ".weight", {out, in}, sharding);
  if (bias) {
    const bool whole = sharding.kind == Sharding::Kind::kColumns;
    weights.bias = constant(name + ".bias", out, 0, whole ? Sharding{} : sharding);
  }
  return weights;
}

void sum_shared_gradients(const Layer& layer, const LayerSetup& setup) {
  const TensorParallel parallel = tensor_parallel(setup);
  if (!parallel.split()) return;
  const at::NoGradGuard guard;
  const auto sum = [&](const at::Tensor& gradient) {
    at::Tensor dense = gradient.contiguous();
    parallel.group->all_reduce_sum(dense);
    if (!dense.is_same(gradient)) gradient.copy_(dense);
  };
  for (const Parameter& parameter : layer.parameters()) {
    const at::Tensor& gradient = parameter.tensor.grad();
    if (!gradient.defined()) continue;
    if (parameter.sharding.kind == Sharding::Kind::kReplicated && parallel.sequence) sum(gradient);
    if (parameter.sharding.kind != Sharding::Kind::kParts) continue;
    const std::int64_t dimension = row_dimension(gradient);
    for (const OwnPart& part :
         own_parts(parameter.sharding, parallel.group->rank(), parallel.group->size())) {
      if (!part.shared) continue;
      // The group has no smaller groups: every rank's rows in the place they have in the whole.
      std::vector<std::int64_t> shape = gradient.sizes().vec();
      shape[static_cast<std::size_t>(dimension)] = part.whole;
      at::Tensor whole = at::zeros(shape, gradient.options());
      const at::Tensor place = whole.narrow(dimension, part.holder * part.rows, part.rows);
      const at::Tensor own = gradient.narrow(dimension, part.first, part.rows);
      place.copy_(own);
      parallel.group->all_reduce_sum(whole);
      own.copy_(place);
    }
  }
}

Norm::Norm(ParameterMaker maker, const std::string& name) {
  const std::int64_t hidden = maker.model().hidden;
  weights_.weight = maker.constant(name + ".weight", hidden, 1, {});
  if (maker.model().norm == Normalization::kLayerNorm) {
    weights_.bias = maker.constant(name + ".bias", hidden, 0, {});
  }
}

at::Tensor Norm::forward(const at::Tensor& x) const {
  return weights_.bias.defined() ? layer_norm(x, weights_.weight, weights_.bias)
                                 : rms_norm(x, weights_.weight);
}

}  // namespace sextant::profiler
