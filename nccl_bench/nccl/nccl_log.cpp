#include "nccl_bench/nccl/nccl_log.h"

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <set>
#include <unistd.h>
#include <vector>

#include <fmt/ranges.h>

#include "analyzer/core/files.h"

namespace sextant::bench {

namespace {

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return "";
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

/// What follows `marker` in `line`, up to `end` or the line's end.
std::optional<std::string_view> after(std::string_view line, std::string_view marker,
                                      std::string_view end = "") {
  const std::size_t found = line.find(marker);
  if (found == std::string_view::npos) return std::nullopt;
  line.remove_prefix(found + marker.size());
  return trimmed(end.empty() ? line : line.substr(0, line.find(end)));
}

/// The number at the beginning of "3[1a000]" and takes it off.
std::optional<int> take_rank(std::string_view& text) {
  int rank = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), rank);
  if (failure != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  if (!text.empty() && text.front() == '[') {
    const std::size_t close = text.find(']');
    if (close == std::string_view::npos) return std::nullopt;
    text.remove_prefix(close + 1);
  }
  text = trimmed(text);
  return rank;
}

/// "Channel 00/0 : 0[0] -> 1[1] [send] via NET/IB/0/GDRDMA"
void read_connection(std::string_view line, NcclChoices& choices) {
  const auto via = after(line, " via ");
  const std::size_t channel = line.find("Channel ");
  if (!via || channel == std::string_view::npos) return;
  auto ends = after(line.substr(channel), " : ");
  if (!ends) return;
  const auto from = take_rank(*ends);
  if (!from || !ends->starts_with("->")) return;
  ends = trimmed(ends->substr(2));
  const auto to = take_rank(*ends);
  if (!to) return;
  const std::string_view word = via->substr(0, via->find(' '));
  choices.transports.try_emplace({*from, *to}, word);
}

}  // namespace

std::string NcclChoices::transport_text() const {
  std::set<std::string> distinct;
  for (const auto& [ranks, transport] : transports) distinct.insert(transport);
  return fmt::format("{}", fmt::join(distinct, ", "));
}

NcclChoices read_nccl_log(std::string_view log) {
  NcclChoices choices;
  while (!log.empty()) {
    const std::size_t end = log.find('\n');
    const std::string_view line = log.substr(0, end);
    log.remove_prefix(end == std::string_view::npos ? log.size() : end + 1);
    read_connection(line, choices);
    if (const auto name = after(line, "Using network ")) choices.network = *name;
    if (const auto where = after(line, "Bootstrap: Using ")) choices.bootstrap = *where;
    for (const std::string_view kind : {"NET/IB : Using ", "NET/Socket : Using "}) {
      // What follows the devices is the way of connecting, which is that of the bootstrap.
      if (const auto devices = after(line, kind, ";")) choices.interface = *devices;
    }
  }
  return choices;
}

NcclLog::NcclLog() {
  if (std::getenv("NCCL_DEBUG") != nullptr) return;
  std::string name = (std::filesystem::temp_directory_path() / "sextant-nccl-XXXXXX").string();
  std::vector<char> path(name.begin(), name.end());
  path.push_back('\0');
  const int descriptor = ::mkstemp(path.data());
  if (descriptor < 0) return;
  ::close(descriptor);
  file_ = path.data();
  ::setenv("NCCL_DEBUG", "INFO", 0);
  ::setenv("NCCL_DEBUG_FILE", file_.c_str(), 0);
}

NcclLog::~NcclLog() {
  std::error_code failure;
  if (!file_.empty()) std::filesystem::remove(file_, failure);
}

NcclChoices NcclLog::choices() const {
  if (file_.empty()) return {};
  return read_nccl_log(read_file(file_));
}

}  // namespace sextant::bench
