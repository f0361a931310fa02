// Of slurm_nodes.h: resources and states.
#include <algorithm>
#include <array>

#include <fmt/format.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/cluster/discover/slurm_nodes.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr int kMostGpus = 1024;  // of a node; a cluster document allows no more

/// Whether the name is of a part of a GPU: "1g.10gb", "a100_3g.20gb" (NVIDIA's MIG User Guide,
/// "Device Names").
bool is_slice(const std::string& type) {
  std::size_t g = 0;
  while ((g = type.find("g.", g)) != std::string::npos) {
    const auto is_digit = [&](std::size_t i) {
      return i < type.size() && type[i] >= '0' && type[i] <= '9';
    };
    if (g > 0 && is_digit(g - 1) && is_digit(g + 2)) return true;
    ++g;
  }
  return false;
}

std::string without_parentheses(std::string_view text) {
  std::string out;
  int depth = 0;
  for (const char c : text) {
    if (c == '(') ++depth;
    if (depth == 0) out += c;
    if (c == ')' && depth > 0) --depth;
  }
  return out;
}

}  // namespace

std::vector<SlurmGpus> slurm_gpus(std::string_view gres, const std::string& place) {
  std::vector<SlurmGpus> out;
  if (trimmed(gres) == "N/A") return out;
  for (const std::string& entry : parts_of(without_parentheses(gres), ',')) {
    std::vector<std::string> parts = parts_of(entry, ':');
    if (parts.front() != "gpu") continue;
    std::erase(parts, "no_consume");
    const auto count = whole_number(parts.back(), kMostGpus);
    if (!count || parts.size() > 3) {
      throw_bad_input(fmt::format(
          "{}: expected GPUs as in gpu:a100:4, at most {} of a node, found {}{}", place, kMostGpus,
          quote(entry), parts.size() < 3 ? " (was the column cut? use sinfo -o, not -O)" : ""));
    }
    SlurmGpus gpus{parts.size() == 3 ? foreign_name(parts[1], place, "the type of a GPU") : "",
                   *count, false};
    gpus.slice = is_slice(gpus.type);
    if (gpus.count == 0) continue;
    const auto same = std::find_if(out.begin(), out.end(),
                                   [&](const SlurmGpus& other) { return other.type == gpus.type; });
    if (same == out.end()) {
      out.push_back(std::move(gpus));
    } else {
      same->count += gpus.count;
    }
  }
  return out;
}

bool is_usable_state(std::string_view state) {
  // sinfo and scontrol, "NODE STATE CODES" and "State"; POWERED_DOWN nodes are started for a job.
  static constexpr std::array<std::string_view, 21> kUnusable = {
      "DOWN",           "DRAIN",      "DRAINED",       "DRAINING", "DRNG",        "FAIL",
      "FAILING",        "FAILG",      "ERROR",         "FUTURE",   "FUTR",        "UNKNOWN",
      "NOT_RESPONDING", "NO_RESPOND", "INVAL",         "INVALID",  "INVALID_REG", "BLOCKED",
      "BLOCK",          "UNK",        "DYNAMIC_FUTURE"};
  std::string text = upper_case(trimmed(state));
  if (text.ends_with('*')) return false;  // does not respond
  while (!text.empty() &&
         std::string_view("~#!%$@^-").find(text.back()) != std::string_view::npos) {
    text.pop_back();
  }
  for (const std::string& word : parts_of(text, '+')) {
    if (std::find(kUnusable.begin(), kUnusable.end(), word) != kUnusable.end() ||
        word.ends_with('*')) {
      return false;
    }
  }
  return !text.empty();
}

}  // namespace sextant
