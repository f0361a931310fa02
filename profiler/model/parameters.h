#pragma once

#include <string>
#include <vector>

#include "profiler/model/layer.h"
#include "profiler/model/layer_shape.h"
#include "profiler/model/regions.h"

namespace sextant::profiler {

/// Weight and bias of a product; an undefined bias is none.
struct Weights {
  at::Tensor weight;
  at::Tensor bias;
};

/// Builds the tensors of a layer on one rank, in the order of its operators. Shapes are this
/// rank's.
class ParameterMaker {
 public:
  /// Appends to `parameters`, which must outlive it, as `setup` must.
  ParameterMaker(const LayerSetup& setup, std::vector<Parameter>& parameters)
      : setup_(setup), parameters_(parameters) {}

  const ModelDescription& model() const { return setup_.model; }
  int tp() const { return setup_.options.tp; }

  /// Normally distributed, deviation 0.02: this rank's share of values that are drawn for the whole
  /// parameter, whatever its sharding. The whole is made on the device for a moment.
  at::Tensor normal(const std::string& name, const std::vector<std::int64_t>& shape,
                    Sharding sharding);
  at::Tensor constant(const std::string& name, std::int64_t size, double value, Sharding sharding);

  /// "<name>.weight" [out, in], and "<name>.bias" [out], zeros, where `bias` says so. The bias of a
  /// product whose columns are split is whole on every rank.
  Weights product(const std::string& name, std::int64_t out, std::int64_t in, bool bias,
                  const Sharding& sharding);

 private:
  const LayerSetup& setup_;
  std::vector<Parameter>& parameters_;
};

/// The storage type of `dtype` on devices.
at::ScalarType scalar_type(DataType dtype);

TensorParallel tensor_parallel(const LayerSetup& setup);

/// A normalisation of `hidden` wide rows: "<name>.weight" and, of LayerNorm, "<name>.bias".
class Norm {
 public:
  Norm(ParameterMaker maker, const std::string& name);
  at::Tensor forward(const at::Tensor& x) const;

 private:
  Weights weights_;
};

}  // namespace sextant::profiler
