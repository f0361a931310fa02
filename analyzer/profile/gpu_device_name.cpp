#include "analyzer/profile/gpu_device_name.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace sextant {

namespace {

constexpr double kGiB = 1024.0 * 1024.0 * 1024.0;

/// In capitals, between blanks and the signs that stand for them.
std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_' || c == '/' || c == '.') {
      words.emplace_back();
    } else {
      words.back() += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
    }
  }
  std::erase(words, "");
  return words;
}

std::optional<int> whole_number(std::string_view text, int most) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || value > most) return std::nullopt;
  return value;
}

struct NameParts {
  std::string chip;               ///< "A100", "RTX3090"
  std::optional<int> memory_gib;  ///< that the name says
  bool other_form = false;        ///< PCIe or NVL
};

std::optional<int> size_in(std::string_view word) {
  constexpr int kMostGib = 4096;
  for (const char* unit : {"GB", "GIB", "G"}) {
    if (word.ends_with(unit))
      return whole_number(word.substr(0, word.size() - std::string_view(unit).size()), kMostGib);
  }
  return std::nullopt;
}

NameParts parts_of_name(std::string_view name) {
  NameParts parts;
  const std::vector<std::string> words = words_of(name);
  for (std::size_t i = 0; i < words.size(); ++i) {
    const std::string& word = words[i];
    constexpr int kMostPlainGib = 999;  // "A100-80"; the 3090 of "RTX 3090" is no size
    const auto plain = i > 0 && word.size() > 1 ? whole_number(word, kMostPlainGib) : std::nullopt;
    if (word == "NVIDIA" || word == "TESLA" || word == "GEFORCE" || word.starts_with("SXM") ||
        word.starts_with("HBM")) {
      continue;
    }
    if (word == "PCIE" || word == "NVL") {
      parts.other_form = true;
    } else if (const auto size = size_in(word)) {
      parts.memory_gib = size;
    } else if (plain) {
      parts.memory_gib = plain;
    } else {
      parts.chip += word;
    }
  }
  // "NVIDIA GH200 480GB" names the memory of its processor.
  if (parts.chip.starts_with("GH")) parts.memory_gib.reset();
  return parts;
}

/// Sold with several sizes of memory, or in forms that differ: the name alone settles nothing.
/// NVIDIA's data sheets: V100 (16, 32 GB), A100 (40, 80 GB), H100 (80, 94 GB), GH200 (96, 144 GB);
/// RTX 2080 (8 GB) and 2080 Ti (11 GB).
bool has_several_sizes(std::string_view chip) {
  static constexpr std::array<std::string_view, 6> kChips = {"V100",  "A100", "H100",
                                                             "GH200", "GH",   "RTX2080"};
  return std::find(kChips.begin(), kChips.end(), chip) != kChips.end();
}

bool is_near(double memory_bytes, double nominal) {
  // Drivers report a little less than the nominal size, or a little more in whole GiB.
  constexpr double kTolerance = 0.1;
  return std::abs(memory_bytes - nominal) <= kTolerance * nominal;
}

}  // namespace

GpuTypeMatch match_gpu_type(std::string_view name, std::optional<double> memory_bytes,
                            const std::vector<GpuSpec>& known) {
  const NameParts parts = parts_of_name(name);
  GpuTypeMatch match;
  if (parts.other_form || parts.chip.empty()) return match;
  if (!memory_bytes && parts.memory_gib) memory_bytes = *parts.memory_gib * kGiB;
  for (const GpuSpec& spec : known) {
    std::vector<std::string> names = spec.aliases;
    names.push_back(spec.name);
    const bool same_chip = std::any_of(names.begin(), names.end(), [&](const std::string& other) {
      return parts_of_name(other).chip == parts.chip;
    });
    if (same_chip && (!memory_bytes || is_near(*memory_bytes, spec.memory_bytes))) {
      match.candidates.push_back(spec.name);
    }
  }
  match.settled =
      match.candidates.size() == 1 && (memory_bytes.has_value() || !has_several_sizes(parts.chip));
  return match;
}

std::string gpu_type_of(std::string_view device_name, double memory_bytes) {
  std::vector<GpuSpec> known;
  for (const std::string& name : gpu_names()) known.push_back(gpu_named(name));
  const GpuTypeMatch match = match_gpu_type(device_name, memory_bytes, known);
  return match.settled ? match.candidates.front() : "";
}

}  // namespace sextant
