#include "analyzer/report/views/provenance_facts.h"

#include <algorithm>
#include <array>
#include <string_view>

namespace sextant {

Facts provenance_facts(const std::map<std::string, std::string>& provenance) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kKnown = {
      {{"host", "machine"},
       {"gpu_name", "device"},
       {"driver", "driver"},
       {"cuda", "CUDA"},
       {"libtorch", "LibTorch"},
       {"time", "measured at"},
       {"git_revision", "revision of Sextant"},
       {"command", "command"}}};
  Facts facts;
  for (const auto& [name, label] : kKnown) {
    const auto found = provenance.find(std::string(name));
    if (found != provenance.end()) facts.emplace_back(label, found->second);
  }
  for (const auto& [name, value] : provenance) {
    const bool known = std::any_of(kKnown.begin(), kKnown.end(),
                                   [&name = name](const auto& one) { return one.first == name; });
    if (!known) facts.emplace_back(name, value);
  }
  return facts;
}

}  // namespace sextant
