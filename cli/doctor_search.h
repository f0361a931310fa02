#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cli/doctor_checks.h"

namespace sextant::cli {

/// The value of an environment variable, "" where it is not set.
std::string environment(const char* name);
/// Whether a file is there; false where that cannot be seen.
bool is_there(const std::filesystem::path& path);
/// Directories of a list such as PATH that are absolute; relative ones depend on where one stands.
std::vector<std::filesystem::path> directories_of(const std::string& list);
/// An executable file in PATH.
std::optional<std::filesystem::path> find_program(const std::string& name);
/// The value after `#define NAME` in a header, or "".
std::string macro_value(const std::filesystem::path& header, const std::string& name);
/// The first line of a file, or nothing where it cannot be read.
std::optional<std::string> first_line(const std::filesystem::path& file);
/// The number that a text begins with, after blanks.
std::optional<double> leading_number(std::string_view text);
/// What lies directly in a folder, by name; nothing where that cannot be seen.
std::vector<std::filesystem::path> entries_of(const std::filesystem::path& folder);
/// What follows "NAME:" in a file of such lines, as /proc has them; "" where there is none.
std::string proc_entry(const std::filesystem::path& file, const std::string& name);
/// site-packages directories where a wheel may lie: the active and the cached virtual environment,
/// then the system's.
std::vector<std::filesystem::path> site_packages();

Check present(std::string name, std::string found);
Check missing(std::string name, std::string tried, std::string remedy);
Check unknown(std::string name, std::string tried, std::string remedy);

/// A program in PATH.
Check check_program(const std::string& name, const std::string& remedy);

/// A library that is known by a header in one of `places`.
struct HeaderSearch {
  std::string name;
  std::string header;
  std::string version_header;
  std::vector<std::string> version;  ///< macros whose values, joined by dots, are its version
  std::vector<std::filesystem::path> places;
  std::string remedy;
};
Check check_header(const HeaderSearch& search);

}  // namespace sextant::cli
