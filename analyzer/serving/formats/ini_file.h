#pragma once

#include <filesystem>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace sextant {

/// What a number of an .ini file counts, and so which units may follow it. What Helix's artifact
/// calls kbps, mbps and gbps are 10^3, 10^6 and 10^9 bytes per second.
enum class IniQuantity { kBytes, kBytesPerSecond, kSeconds };

/// A number, a word or a quoted string in a list.
struct IniItem {
  std::string_view text;  ///< without quotes
  bool quoted = false;
};

/// The value of a key that knows where it stands. Every accessor throws Error(kBadInput) that names
/// the file, the line, the key, what was expected and what was found. Valid as long as its file
/// lives.
class IniValue {
 public:
  IniValue(const std::string& file, std::string_view key, std::string_view text, int line)
      : file_(&file), key_(key), text_(text), line_(line) {}

  std::string_view text() const { return text_; }
  int line() const { return line_; }

  /// `number * unit`, in bytes, bytes per second or seconds; > 0 and finite.
  double positive(IniQuantity quantity) const;
  /// The same, or 0 (which needs no unit).
  double non_negative(IniQuantity quantity) const;
  /// A whole number in [low, high].
  long long integer(long long low, long long high) const;
  /// A word without quotes: the name of something.
  std::string_view word() const;
  /// A string in single or double quotes.
  std::string_view quoted() const;
  /// A list in brackets.
  std::vector<IniItem> items() const;
  /// A list of whole numbers in [low, high].
  std::vector<int> integers(int low, int high) const;
  /// A list of quoted strings.
  std::vector<std::string_view> strings() const;

  /// Throws "FILE at line 7, key KEY: expected EXPECTED, found FOUND".
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const;
  [[noreturn]] void fail(std::string_view expected) const;

 private:
  double quantity(IniQuantity quantity, std::string_view expected) const;

  const std::string* file_;
  std::string_view key_;
  std::string_view text_;
  int line_;
};

/// `[name]` and the keys below it, each once.
class IniSection {
 public:
  IniSection(const std::string& file, std::string_view name, int line)
      : file_(&file), name_(name), line_(line) {}

  std::string_view name() const { return name_; }
  int line() const { return line_; }
  /// In the order of the file.
  const std::vector<std::pair<std::string_view, IniValue>>& values() const { return values_; }

  IniValue at(std::string_view key) const;
  const IniValue* find(std::string_view key) const;
  /// Refuses other keys, with the nearest known one.
  void only(std::initializer_list<std::string_view> known) const;
  /// Throws "FILE at line 7, section [NAME]: expected EXPECTED, found FOUND".
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const;

 private:
  friend class IniFile;

  const std::string* file_;
  std::string_view name_;
  int line_;
  std::vector<std::pair<std::string_view, IniValue>> values_;
};

/// Sections of `key=value` lines, with comments from '#' or ';' at the start of a line, as Python's
/// configparser has them but for what it evaluates or continues over several lines. A byte order
/// mark and the line ends of other systems are passed over. Throws Error(kBadInput) naming file and
/// line.
class IniFile {
 public:
  static IniFile read(const std::filesystem::path& path);
  /// `name` stands for the file in messages.
  static IniFile parse(std::string text, std::string name);

  IniFile(IniFile&&) = delete;

  const std::string& file() const { return file_; }
  /// In the order of the file.
  const std::vector<IniSection>& sections() const { return sections_; }
  /// Lines before the first section, comment signs included.
  const std::vector<std::string_view>& heading() const { return heading_; }

  const IniSection& at(std::string_view name) const;
  const IniSection* find(std::string_view name) const;
  /// Throws "FILE: expected EXPECTED, found FOUND".
  [[noreturn]] void fail(std::string_view expected, std::string_view found) const;

 private:
  IniFile(std::string text, std::string name);

  std::string file_;
  std::string text_;
  std::vector<IniSection> sections_;
  std::vector<std::string_view> heading_;
  std::unordered_map<std::string_view, std::size_t> index_;
};

}  // namespace sextant
