#include "profiler/model/parameters.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <numeric>

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

/// The range of `whole` that this rank has, along the dimension that is split.
at::Tensor own_range(const at::Tensor& whole, std::int64_t dimension, int rank, int tp) {
  const std::int64_t size = whole.size(dimension) / tp;
  return whole.narrow(dimension, size * rank, size);
}

/// What the whole parameter is, of which `tensor` is this rank's.
std::vector<std::int64_t> whole_shape(const at::Tensor& tensor, const Sharding& sharding, int tp) {
  std::vector<std::int64_t> shape = tensor.sizes().vec();
  const auto rows = static_cast<std::size_t>(row_dimension(tensor));
  if (sharding.kind == Sharding::Kind::kRows) shape[rows] *= tp;
  if (sharding.kind == Sharding::Kind::kColumns) shape[rows + 1] *= tp;
  if (sharding.kind == Sharding::Kind::kParts) {
    shape[rows] = std::accumulate(sharding.parts.begin(), sharding.parts.end(), std::int64_t{0});
  }
  return shape;
}

/// This rank's share of a parameter whose values are drawn for the whole, so that they do not
/// depend on how many ranks share it. `number`: which of the layer's parameters.
void fill_normal(const at::Tensor& tensor, const Sharding& sharding, const LayerSetup& setup,
                 std::size_t number) {
  constexpr double kDeviation = 0.02;
  constexpr std::uint64_t kStride = 0x9e3779b97f4a7c15;  // streams far apart: 2^64 / golden ratio
  const int tp = setup.options.tp;
  const int rank = setup.collectives.rank();
  at::Generator generator = at::globalContext().defaultGenerator(tensor.device()).clone();
  generator.set_current_seed(setup.seed + number * kStride);
  const bool is_whole = tp == 1 || sharding.kind == Sharding::Kind::kReplicated;
  const at::Tensor whole =
      is_whole ? tensor : at::empty(whole_shape(tensor, sharding, tp), tensor.options());
  whole.normal_(0, kDeviation, generator);
  if (is_whole) return;
  const std::int64_t rows = row_dimension(tensor);
  if (sharding.kind == Sharding::Kind::kRows) {
    tensor.copy_(own_range(whole, rows, rank, tp));
  } else if (sharding.kind == Sharding::Kind::kColumns) {
    tensor.copy_(own_range(whole, rows + 1, rank, tp));
  } else {
    std::int64_t first = 0;  // row of the whole
    for (const OwnPart& part : own_parts(sharding, rank, tp)) {
      tensor.narrow(rows, part.first, part.rows)
          .copy_(whole.narrow(rows, first + part.holder * part.rows, part.rows));
      first += part.whole;
    }
  }
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
  return {&setup.collectives, setup.options.sequence_parallel && setup.options.tp > 1, setup.later};
}

at::Tensor ParameterMaker::normal(const std::string& name, const std::vector<std::int64_t>& shape,
                                  Sharding sharding) {
  at::Tensor tensor =
      at::empty(shape, at::TensorOptions(scalar_type(setup_.options.dtype)).device(setup_.device));
  fill_normal(tensor, sharding, setup_, parameters_.size());
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
