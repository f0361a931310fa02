#pragma once

#include <string>
#include <string_view>

namespace sextant {

/// The style sheets and scripts of this folder, which the build puts into the program.
std::string_view page_style();
std::string_view page_script();
/// "sha256-…" as a Content-Security-Policy names an inline script (W3C CSP Level 3, 2.3.1).
std::string page_script_hash();

}  // namespace sextant
