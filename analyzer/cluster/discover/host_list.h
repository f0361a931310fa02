#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// The names that Slurm's short form stands for: "gpu[01-03,07],login" is gpu01, gpu02, gpu03,
/// gpu07 and login; several brackets in one name are combined, the last one counting fastest.
/// `place` says in messages where it was found. Throws Error(kBadInput) where it is malformed,
/// holds what is no name of a host, or stands for more than 100,000.
std::vector<std::string> expand_host_list(std::string_view text, const std::string& place);

/// Whether it can be the name of a host: letters, digits, '.', '_' and '-', at most 255 of them.
bool is_host_name(std::string_view text);

}  // namespace sextant
