#include "analyzer/serving/formats/ini_file.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/network/import/text_lines.h"
#include "analyzer/serving/formats/ini_text.h"

namespace sextant {

namespace {

/// Checking that keys are different takes their number squared.
constexpr std::size_t kMostKeys = 1 << 16;

}  // namespace

IniValue IniSection::at(std::string_view key) const {
  const IniValue* value = find(key);
  if (value == nullptr) fail(fmt::format("the key {}", quote(key)), "none");
  return *value;
}

const IniValue* IniSection::find(std::string_view key) const {
  for (const auto& [name, value] : values_) {
    if (name == key) return &value;
  }
  return nullptr;
}

void IniSection::only(std::initializer_list<std::string_view> known) const {
  for (const auto& [name, value] : values_) {
    if (std::find(known.begin(), known.end(), name) != known.end()) continue;
    const std::string near = nearest_name(name, {known.begin(), known.end()});
    throw_bad_input(fmt::format(
        "{}, section {}: unknown key {}{}", TextPlace{*file_, value.line()}.text(), quote(name_),
        quote(name), near.empty() ? "" : fmt::format(", did you mean {}?", quote(near))));
  }
}

void IniSection::fail(std::string_view expected, std::string_view found) const {
  throw_bad_input(fmt::format("{}, section {}: expected {}, found {}",
                              TextPlace{*file_, line_}.text(), quote(name_), expected, found));
}

IniFile IniFile::read(const std::filesystem::path& path) {
  return parse(read_file(path), path.string());
}

IniFile IniFile::parse(std::string text, std::string name) {
  return IniFile(std::move(text), std::move(name));
}

IniFile::IniFile(std::string text, std::string name)
    : file_(std::move(name)), text_(std::move(text)) {
  const std::vector<std::string_view> lines = lines_of(text_);
  const auto headers = static_cast<std::size_t>(std::count_if(
      lines.begin(), lines.end(), [](std::string_view line) { return line.starts_with('['); }));
  sections_.reserve(headers);
  index_.reserve(headers);
  TextPlace place = {file_};
  for (const std::string_view whole : lines) {
    ++place.line;
    const std::string_view line = without_blanks(whole);
    if (sections_.empty() && !line.starts_with('[')) heading_.push_back(whole);
    if (line.empty() || line.front() == '#' || line.front() == ';') continue;
    if (line.front() == '[') {
      if (line.back() != ']' || line.size() < 3) place.fail("\"[section]\"", quote(line));
      const std::string_view section = line.substr(1, line.size() - 2);
      const auto [found, is_new] = index_.emplace(section, sections_.size());
      if (!is_new) {
        place.fail("each section once", fmt::format("{}, which is at line {} too", quote(section),
                                                    sections_[found->second].line()));
      }
      sections_.emplace_back(file_, section, place.line);
      continue;
    }
    const std::size_t equals = line.find('=');
    const std::string_view key = without_blanks(line.substr(0, equals));
    if (equals == std::string_view::npos || key.empty()) place.fail("\"key=value\"", quote(line));
    if (sections_.empty()) place.fail("a \"[section]\" before the first key", quote(line));
    IniSection& section = sections_.back();
    if (const IniValue* other = section.find(key)) {
      place.fail(fmt::format("each key of section {} once", quote(section.name())),
                 fmt::format("{}, which is at line {} too", quote(key), other->line()));
    }
    if (section.values_.size() == kMostKeys) place.fail("fewer keys in a section", "more");
    section.values_.emplace_back(
        key, IniValue(file_, key, without_blanks(line.substr(equals + 1)), place.line));
  }
}

const IniSection& IniFile::at(std::string_view name) const {
  const IniSection* section = find(name);
  if (section == nullptr) fail(fmt::format("a section {}", quote(name)), "none");
  return *section;
}

const IniSection* IniFile::find(std::string_view name) const {
  const auto found = index_.find(name);
  return found == index_.end() ? nullptr : &sections_[found->second];
}

void IniFile::fail(std::string_view expected, std::string_view found) const {
  throw_bad_input(fmt::format("{}: expected {}, found {}", file_, expected, found));
}

}  // namespace sextant
