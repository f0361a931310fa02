#include "analyzer/serving/documents/machine_kind.h"

#include <charconv>

#include <fmt/format.h>

#include "analyzer/profile/gpu.h"

namespace sextant {

std::string machine_type_name(std::string_view gpu, int gpus) {
  return gpus == 1 ? std::string(gpu) : fmt::format("{}x{}", gpu, gpus);
}

MachineKind machine_kind_of(std::string_view type) {
  MachineKind kind;
  kind.type = type;
  kind.gpu = type;
  const std::size_t x = type.rfind('x');
  if (x != std::string_view::npos && x > 0) {
    int gpus = 0;
    const char* end = type.data() + type.size();
    const auto parsed = std::from_chars(type.data() + x + 1, end, gpus);
    if (parsed.ec == std::errc() && parsed.ptr == end && gpus > 0) {
      kind.gpu = type.substr(0, x);
      kind.gpus = gpus;
    }
  }
  if (const auto known = find_gpu(kind.gpu)) kind.gpu = known->name;
  return kind;
}

}  // namespace sextant
