#include "cli/doctor_search.h"

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <fstream>
#include <unistd.h>

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sextant::cli {

namespace fs = std::filesystem;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

bool is_there(const fs::path& path) {
  std::error_code failure;
  return fs::exists(path, failure);
}

std::vector<fs::path> directories_of(const std::string& list) {
  std::vector<fs::path> found;
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(':', begin), list.size());
    if (const fs::path path = list.substr(begin, end - begin); path.is_absolute()) {
      found.push_back(path);
    }
    begin = end + 1;
  }
  return found;
}

std::optional<fs::path> find_program(const std::string& name) {
  for (const fs::path& place : directories_of(environment("PATH"))) {
    const fs::path program = place / name;
    std::error_code failure;
    if (fs::is_regular_file(program, failure) && ::access(program.c_str(), X_OK) == 0) {
      return program;
    }
  }
  return std::nullopt;
}

std::string macro_value(const fs::path& header, const std::string& name) {
  std::ifstream in(header);
  const std::string define = "#define " + name;
  for (std::string line; std::getline(in, line);) {
    if (line.rfind(define, 0) != 0 || line.size() == define.size()) continue;
    const std::size_t begin = line.find_first_not_of(" \t", define.size());
    if (begin == define.size() || begin == std::string::npos) continue;
    return line.substr(begin, line.find_first_of(" \t\r/", begin) - begin);
  }
  return "";
}

std::optional<std::string> first_line(const fs::path& file) {
  std::ifstream in(file);
  std::string line;
  if (!std::getline(in, line)) return std::nullopt;
  return line;
}

std::optional<double> leading_number(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return std::nullopt;
  double value = 0;
  const auto parsed = std::from_chars(text.data() + begin, text.data() + text.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> found;
  std::error_code failure;
  for (fs::directory_iterator entry(folder, failure), end; !failure && entry != end;
       entry.increment(failure)) {
    found.push_back(entry->path());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string proc_entry(const fs::path& file, const std::string& name) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.starts_with(name + ":")) continue;
    const std::size_t begin = line.find_first_not_of(" \t", name.size() + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

std::vector<fs::path> site_packages() {
  std::string cache = environment("SEXTANT_CACHE");
  if (cache.empty()) cache = environment("HOME") + "/.cache/sextant";
  std::vector<fs::path> found;
  for (const fs::path& root : {fs::path(environment("VIRTUAL_ENV")), fs::path(cache) / "venv",
                               fs::path("/usr/local"), fs::path("/usr")}) {
    std::error_code failure;
    std::vector<fs::path> versions;
    if (!root.is_absolute()) continue;
    for (fs::directory_iterator entry(root / "lib", failure), end; !failure && entry != end;
         entry.increment(failure)) {
      if (entry->path().filename().string().rfind("python3", 0) == 0) {
        versions.push_back(entry->path());
      }
    }
    std::sort(versions.begin(), versions.end());
    for (const fs::path& version : versions) {
      found.push_back(version / "site-packages");
      found.push_back(version / "dist-packages");
    }
  }
  return found;
}

Check present(std::string name, std::string found) {
  return {std::move(name), Presence::kPresent, std::move(found), ""};
}
Check missing(std::string name, std::string tried, std::string remedy) {
  return {std::move(name), Presence::kMissing, std::move(tried), std::move(remedy)};
}
Check unknown(std::string name, std::string tried, std::string remedy) {
  return {std::move(name), Presence::kUnknown, std::move(tried), std::move(remedy)};
}

Check check_program(const std::string& name, const std::string& remedy) {
  const auto program = find_program(name);
  return program ? present(name, program->string()) : missing(name, "not in PATH", remedy);
}

Check check_header(const HeaderSearch& search) {
  for (const fs::path& place : search.places) {
    if (!is_there(place / search.header)) continue;
    std::vector<std::string> parts;
    for (const std::string& macro : search.version) {
      parts.push_back(macro_value(place / search.version_header, macro));
    }
    return present(search.name, fmt::format("{} in {}", fmt::join(parts, "."), place.string()));
  }
  return missing(search.name, "no " + search.header, search.remedy);
}

}  // namespace sextant::cli
