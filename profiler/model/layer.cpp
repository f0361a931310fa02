#include "profiler/model/layer.h"

#include "analyzer/core/error.h"
#include "profiler/model/block.h"
#include "profiler/model/ends.h"

namespace sextant::profiler {

namespace {

Head& as_head(Layer& layer) {
  auto* head = dynamic_cast<Head*>(&layer);
  if (head == nullptr) throw Error(ErrorCode::kInternal, "a layer that is no head");
  return *head;
}

}  // namespace

std::unique_ptr<Layer> make_layer(LayerKind kind, const LayerSetup& setup, int block) {
  if (setup.options.tp != setup.collectives.size()) {
    throw Error(ErrorCode::kInternal, "a tensor degree that is not the number of ranks");
  }
  const LayerShape shape(rank_shape(setup.model, setup.options), setup.model.head_dim);
  switch (kind) {
    case LayerKind::kEmbedding:
      return std::make_unique<Embedding>(setup, shape);
    case LayerKind::kBlock:
      return std::make_unique<Block>(setup, shape, block);
    case LayerKind::kFinalNorm:
      return std::make_unique<FinalNorm>(setup);
    case LayerKind::kHead:
      return std::make_unique<Head>(setup, shape);
  }
  throw Error(ErrorCode::kInternal, "a layer kind outside its enumeration");
}

void set_labels(Layer& layer, const at::Tensor& labels) {
  as_head(layer).set_labels(labels);
}

void tie_head(Layer& head, const Layer& embedding) {
  if (embedding.kind() != LayerKind::kEmbedding) {
    throw Error(ErrorCode::kInternal, "a layer that is no embedding");
  }
  as_head(head).tie(embedding.parameters().front().tensor);
}

}  // namespace sextant::profiler
