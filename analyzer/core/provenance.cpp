#include "analyzer/core/provenance.h"

#include <algorithm>
#include <ctime>
#include <filesystem>
#include <string_view>
#include <unistd.h>

#include <fmt/chrono.h>

namespace sextant {

std::string utc_now() {
  return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
}

std::string host_name() {
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  return host;
}

namespace {

/// A word of a command line so that a shell would read it as one.
std::string shell_word(std::string_view word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=+,./:@%";
  if (!word.empty() && word.find_first_not_of(kPlain) == std::string_view::npos) {
    return std::string(word);
  }
  std::string out = "'";
  for (const char c : word) {
    if (c == '\'') {
      out += "'\\''";
    } else {
      out += c;
    }
  }
  return out + "'";
}

}  // namespace

std::string command_line(int argc, const char* const* argv) {
  constexpr std::size_t kLongest = 4000;  // documents take 4096 bytes
  std::string out = std::filesystem::path(argv[0]).filename().string();
  for (int i = 1; i < argc; ++i) out += " " + shell_word(argv[i]);
  if (out.size() > kLongest) out = out.substr(0, kLongest) + " …";
  return out;
}

OrderedJson provenance_json(const std::map<std::string, std::string>& provenance) {
  OrderedJson out = OrderedJson::object();
  for (const auto& [name, value] : provenance) out[name] = value;
  return out;
}

namespace {

bool is_utc_time(std::string_view text) {
  constexpr std::string_view kShape = "dddd-dd-ddTdd:dd:ddZ";
  return text.size() == kShape.size() &&
         std::equal(text.begin(), text.end(), kShape.begin(), [](char c, char shape) {
           return shape == 'd' ? c >= '0' && c <= '9' : c == shape;
         });
}

}  // namespace

std::map<std::string, std::string> read_provenance(const JsonNode& node, Evidence evidence) {
  std::map<std::string, std::string> out;
  for (const auto& [name, value] : node.members()) {
    if (value.string().size() > 4096) value.fail("at most 4096 bytes");
    out[name] = value.string();
  }
  if (is_measured(evidence)) {
    for (const char* name : {"host", "command", "git_revision", "time"}) node.at(name).string();
  }
  if (evidence == Evidence::kMeasuredGpu) {
    for (const char* name : {"gpu_name", "driver", "cuda"}) node.at(name).string();
  }
  // Merging by age compares times as text, which needs one form of them.
  if (node.has("time") && !is_utc_time(node.at("time").string())) {
    node.at("time").fail("a UTC time like 2026-01-31T23:59:59Z");
  }
  return out;
}

}  // namespace sextant
