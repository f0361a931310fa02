#include "analyzer/profile/export/amp_export.h"

#include <bit>
#include <cstdint>

#include <fmt/format.h>

namespace sextant {

namespace {

/// A one-dimensional array in NPY format 1.0 (NumPy enhancement proposal 1): magic, version, length
/// of the header, a Python literal padded so that the data starts at a multiple of 64, and the
/// numbers, little-endian.
std::string npy_text(const std::vector<double>& values) {
  constexpr std::size_t kAlignment = 64;
  std::string header =
      fmt::format("{{'descr': '<f8', 'fortran_order': False, 'shape': ({},), }}", values.size());
  std::string out("\x93NUMPY\x01\x00", 8);
  const std::size_t length_bytes = 2;
  while ((out.size() + length_bytes + header.size() + 1) % kAlignment != 0) header += ' ';
  header += '\n';
  out += static_cast<char>(header.size() & 0xff);
  out += static_cast<char>(header.size() >> 8);
  out += header;
  for (const double value : values) {
    const auto bits = std::bit_cast<std::uint64_t>(value);
    for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((bits >> shift) & 0xff);
  }
  return out;
}

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>&) {
  MissingParts missing(input);
  for (const int tp : input.degrees()) {
    const PointDocument* point = input.find(tp, 1);
    if (point == nullptr) {
      missing.need_point(tp, 1);
      continue;
    }
    std::vector<double> forward_s;
    for (const LayerKindProfile* layer : layers_of(*point)) {
      forward_s.push_back(layer->forward.median_s);
    }
    files.put(tool_folder("AMP", input) / fmt::format("profile_{}.npy", tp), npy_text(forward_s));
  }
  missing.throw_if_any("amp");
}

}  // namespace

Exporter amp_exporter() {
  return {"amp", "AMP/profiles/<model>/<gpu>/profile_<tp>.npy",
          "microbatch 1 at every tensor degree", put};
}

}  // namespace sextant
