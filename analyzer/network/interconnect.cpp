#include "analyzer/network/interconnect.h"

#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/catalog.h"
#include "analyzer/core/data_directory.h"
#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"

namespace sextant {

namespace {

Catalog interconnects() {
  return Catalog(data_directory() / "interconnects", "interconnect");
}

/// "8 x NDR" -> 8 and "NDR"; one of them where no number stands before an x.
std::pair<int, std::string_view> count_and_name(std::string_view text) {
  constexpr int kMost = 1024;
  int count = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, count);
  if (parsed.ec != std::errc() || count < 1 || count > kMost) return {1, text};
  std::string_view rest(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  const auto skip_blanks = [&] {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
  };
  skip_blanks();
  if (rest.empty() || rest.front() != 'x') return {1, text};
  rest.remove_prefix(1);
  skip_blanks();
  return {count, rest};
}

Interconnect times(Interconnect link, int count) {
  if (count == 1) return link;
  link.name = fmt::format("{} x {}", count, link.name);
  link.links *= count;
  link.peak_bytes_per_s *= count;
  return link;
}

}  // namespace

Interconnect read_interconnect(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode node = document.root_of_kind("interconnect", 1);
  node.only({"schema", "name", "aliases", "family", "links", "peak_gb_per_s", "payload_fraction"});
  Interconnect link;
  link.name = node.at("name").name();
  if (const auto aliases = node.find("aliases")) {
    for (const JsonNode& alias : aliases->elements()) link.aliases.push_back(alias.name());
  }
  link.family = static_cast<Interconnect::Family>(
      node.at("family").one_of({"pcie", "nvlink", "infiniband", "ethernet"}));
  constexpr int kMostLinks = 1024;
  if (const auto links = node.find("links")) {
    link.links = static_cast<int>(links->integer(1, kMostLinks));
  }
  const JsonNode peak = node.at("peak_gb_per_s");
  peak.only({"value", "source"});
  constexpr double kMostGbPerS = 10'000;
  constexpr double kGiga = 1e9;
  if (peak.at("value").positive() > kMostGbPerS) {
    peak.at("value").fail(
        fmt::format("at most {}: a larger figure looks like one in another unit", kMostGbPerS));
  }
  link.peak_bytes_per_s = kGiga * peak.at("value").number();
  link.source = peak.at("source").name();
  if (const auto payload = node.find("payload_fraction")) {
    payload->only({"value", "source"});
    if (payload->at("value").positive() > 1) payload->at("value").fail("a fraction up to 1");
    link.payload_fraction = payload->at("value").number();
    link.payload_source = payload->at("source").name();
  }
  return link;
}

std::vector<std::string> interconnect_names() {
  return interconnects().names();
}

bool is_loopback(std::string_view name) {
  return name == "lo" || name == "loopback" || name == "Loopback";
}

std::optional<Interconnect> find_interconnect(std::string_view name) {
  const Catalog catalog = interconnects();
  // "100 GbE" begins with a number too, and is a name as it stands.
  if (const auto found = catalog.find(name)) return read_interconnect(catalog.path_of(*found));
  const auto [count, kind] = count_and_name(name);
  if (const auto found = catalog.find(kind)) {
    return times(read_interconnect(catalog.path_of(*found)), count);
  }
  return std::nullopt;
}

Interconnect interconnect_named(std::string_view name) {
  if (is_loopback(name)) {
    throw_bad_input("the loopback has no peak: its bytes never leave memory");
  }
  if (auto found = find_interconnect(name)) return *std::move(found);
  interconnects().resolve(count_and_name(name).second);
  throw Error(ErrorCode::kInternal, "an interconnect was found and not found");
}

}  // namespace sextant
