#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/model/model.h"

namespace sextant {

int element_bytes(DataType dtype) {
  switch (dtype) {
    case DataType::kFp32:
    case DataType::kTf32:
      return 4;
    case DataType::kFp16:
    case DataType::kBf16:
      return 2;
  }
  throw Error(ErrorCode::kInternal, "a data type outside its enumeration");
}

std::string_view to_string(DataType dtype) {
  switch (dtype) {
    case DataType::kFp32:
      return "fp32";
    case DataType::kTf32:
      return "tf32";
    case DataType::kFp16:
      return "fp16";
    case DataType::kBf16:
      return "bf16";
  }
  throw Error(ErrorCode::kInternal, "a data type outside its enumeration");
}

DataType data_type_from(std::string_view name) {
  for (const DataType dtype :
       {DataType::kFp32, DataType::kTf32, DataType::kFp16, DataType::kBf16}) {
    if (to_string(dtype) == name) return dtype;
  }
  throw_bad_input(
      fmt::format("{} is no data type; expected fp32, tf32, fp16 or bf16", quote(name)));
}

std::string_view to_string(Normalization norm) {
  return norm == Normalization::kLayerNorm ? "layer_norm" : "rms_norm";
}

std::string_view to_string(Activation activation) {
  switch (activation) {
    case Activation::kRelu:
      return "relu";
    case Activation::kGelu:
      return "gelu";
    case Activation::kSwiGlu:
      return "swiglu";
  }
  throw Error(ErrorCode::kInternal, "an activation outside its enumeration");
}

std::string_view to_string(Position position) {
  return position == Position::kLearned ? "learned" : "rotary";
}

std::string_view to_string(LayerKind kind) {
  switch (kind) {
    case LayerKind::kEmbedding:
      return "embedding";
    case LayerKind::kBlock:
      return "block";
    case LayerKind::kFinalNorm:
      return "final_norm";
    case LayerKind::kHead:
      return "head";
  }
  throw Error(ErrorCode::kInternal, "a layer kind outside its enumeration");
}

}  // namespace sextant
