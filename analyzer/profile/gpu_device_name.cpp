#include "analyzer/profile/gpu_device_name.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/profile/gpu.h"

namespace sextant {

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
  }
  return out;
}

bool is_digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::vector<std::string> words_of(std::string_view name) {
  std::vector<std::string> words(1);
  for (const char c : name) {
    if (c == ' ' || c == '-' || c == '_') {
      words.emplace_back();
    } else {
      words.back() += c;
    }
  }
  std::erase(words, "");
  return words;
}

/// "80GB", "SXM4", "HBM3": says nothing of which chip it is.
bool is_size_or_form(const std::string& word) {
  return (word.ends_with("GB") && is_digits(std::string_view(word).substr(0, word.size() - 2))) ||
         word.starts_with("SXM") || word.starts_with("HBM");
}

/// What is left of a device's name: "NVIDIA GeForce RTX 3090" -> "RTX-3090".
std::string chip_name(const std::vector<std::string>& words) {
  std::vector<std::string> left;
  for (const std::string& word : words) {
    const bool vendor = word == "NVIDIA" || word == "TESLA" || word == "GEFORCE";
    if (!vendor && !is_size_or_form(word)) left.push_back(word);
  }
  return fmt::format("{}", fmt::join(left, "-"));
}

/// "A100-40" -> "A100": a type's name without its memory.
std::string without_memory(const std::string& name) {
  const std::size_t dash = name.rfind('-');
  const bool ends_in_digits = dash != std::string::npos && is_digits(name.substr(dash + 1));
  return ends_in_digits ? name.substr(0, dash) : name;
}

}  // namespace

std::string gpu_type_of(std::string_view device_name, double memory_bytes) {
  const std::vector<std::string> words = words_of(upper(device_name));
  for (const char* other_form : {"PCIE", "NVL"}) {
    if (std::find(words.begin(), words.end(), other_form) != words.end()) return "";
  }
  const std::string chip = chip_name(words);
  std::vector<std::string> found;
  for (const std::string& name : gpu_names()) {
    const GpuSpec spec = gpu_named(name);
    std::vector<std::string> names = {upper(name), upper(without_memory(name))};
    for (const std::string& alias : spec.aliases) names.push_back(upper(alias));
    // Drivers report a little less than the nominal size, or a little more in whole GiB.
    constexpr double kTolerance = 0.1;
    const bool fits = std::abs(memory_bytes - spec.memory_bytes) <= kTolerance * spec.memory_bytes;
    if (fits && std::find(names.begin(), names.end(), chip) != names.end()) found.push_back(name);
  }
  return found.size() == 1 ? found.front() : "";
}

}  // namespace sextant
