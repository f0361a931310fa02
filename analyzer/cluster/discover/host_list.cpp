#include "analyzer/cluster/discover/host_list.h"

#include <algorithm>

#include <fmt/format.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr int kMostHosts = 100'000;
constexpr int kMostNumber = 999'999'999;

class HostListReader {
 public:
  HostListReader(std::string_view text, const std::string& place) : text_(text), place_(place) {}

  std::vector<std::string> read() {
    std::vector<std::string> out;
    std::size_t begin = 0;
    int depth = 0;
    for (std::size_t i = 0; i <= text_.size(); ++i) {
      const char c = i < text_.size() ? text_[i] : ',';
      if (c == '[') ++depth;
      if (c == ']') --depth;
      if (depth < 0 || depth > 1) fail();
      if (c != ',' || (depth == 1 && i < text_.size())) continue;
      if (depth == 1) fail();
      for (std::string& name : expand(text_.substr(begin, i - begin))) {
        if (!is_host_name(name)) fail();
        out.push_back(std::move(name));
      }
      check(out.size());
      begin = i + 1;
    }
    return out;
  }

 private:
  [[noreturn]] void fail() const {
    throw_bad_input(fmt::format("{}: expected names of nodes as in gpu[01-04],login1, found {}",
                                place_, quote(text_)));
  }
  void check(std::size_t hosts) const {
    if (hosts > kMostHosts) {
      throw_bad_input(
          fmt::format("{}: {} stands for more than {} nodes", place_, quote(text_), kMostHosts));
    }
  }

  std::vector<std::string> expand(std::string_view term) const {
    const std::size_t open = term.find('[');
    if (open == std::string_view::npos) return {std::string(term)};
    const std::size_t close = term.find(']');
    const std::vector<std::string> tails = expand(term.substr(close + 1));
    std::vector<std::string> out;
    for (const std::string& range : parts_of(term.substr(open + 1, close - open - 1), ',')) {
      const std::size_t dash = std::min(range.find('-'), range.size());
      const std::string low_text = range.substr(0, dash);
      const std::string high_text = dash == range.size() ? low_text : range.substr(dash + 1);
      const auto low = whole_number(low_text, kMostNumber);
      const auto high = whole_number(high_text, kMostNumber);
      if (!low || !high || *low > *high) fail();
      check(static_cast<std::size_t>(*high - *low) + 1);
      for (int number = *low; number <= *high; ++number) {
        for (const std::string& tail : tails) {
          // Zeros in front are part of the name.
          out.push_back(
              fmt::format("{}{:0{}}{}", term.substr(0, open), number, low_text.size(), tail));
        }
        check(out.size());
      }
    }
    return out;
  }

  std::string_view text_;
  const std::string& place_;
};

}  // namespace

bool is_host_name(std::string_view text) {
  constexpr std::size_t kLongest = 255;  // of a DNS name
  return !text.empty() && text.size() <= kLongest &&
         std::all_of(text.begin(), text.end(), [](char c) {
           return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                  c == '.' || c == '_' || c == '-';
         });
}

std::vector<std::string> expand_host_list(std::string_view text, const std::string& place) {
  return HostListReader(text, place).read();
}

}  // namespace sextant
