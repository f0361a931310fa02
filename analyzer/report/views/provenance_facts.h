#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace sextant {

using Facts = std::vector<std::pair<std::string, std::string>>;

/// What a measured document says of where it comes from, in words: machine, device, versions, time,
/// command; the rest under its own names.
Facts provenance_facts(const std::map<std::string, std::string>& provenance);

}  // namespace sextant
