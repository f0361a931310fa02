#include "analyzer/network/network_document.h"

#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/link_units.h"

namespace sextant {

namespace {

constexpr int kMostSenders = 1024;

LinkModel model_from_json(const JsonNode& node) {
  const JsonNode kind = node.at("kind");
  if (kind.name() == "latency_bandwidth") {
    node.only({"kind", "latency_s", "bandwidth_bytes_per_s"});
    return LinkModel::latency_bandwidth(latency_s(node.at("latency_s")),
                                        bandwidth_bytes_per_s(node.at("bandwidth_bytes_per_s")));
  }
  if (kind.name() == "quadratic_log2_mb") {
    node.only({"kind", "coefficients", "max_bytes_per_s"});
    const std::vector<double> fit = node.at("coefficients").numbers();
    if (fit.size() != 3) node.at("coefficients").fail("the three coefficients of a quadratic");
    return LinkModel::quadratic_log2_mb(fit[0], fit[1], fit[2],
                                        bandwidth_bytes_per_s(node.at("max_bytes_per_s")));
  }
  kind.fail("\"latency_bandwidth\" or \"quadratic_log2_mb\"");
}

LinkClass class_from_json(const JsonNode& node, LinkLevel level) {
  node.only({"gpu", "from_zone", "to_zone", "interconnect", "senders", "model",
             "node_bandwidth_bytes_per_s", "valid_bytes", "evidence", "source"});
  LinkClass link{.gpu = "",
                 .from_zone = "",
                 .to_zone = "",
                 .interconnect = "",
                 .model = model_from_json(node.at("model")),
                 .node_bandwidth_bytes_per_s = std::numeric_limits<double>::infinity(),
                 .evidence = read_evidence(node.at("evidence")),
                 .source = node.at("source").string()};
  if (const auto gpu = node.find("gpu")) link.gpu = gpu->name();
  if (level == LinkLevel::kBetweenZones) {
    link.from_zone = node.at("from_zone").name();
    link.to_zone = node.at("to_zone").name();
    if (link.from_zone == link.to_zone) {
      node.at("to_zone").fail("another zone (inside one zone the level is between_nodes)");
    }
  } else if (node.has("from_zone") || node.has("to_zone")) {
    node.fail("zones on the level between_zones only", "a zone");
  }
  if (const auto text = node.find("interconnect")) link.interconnect = text->name();
  if (const auto senders = node.find("senders")) {
    link.senders = static_cast<int>(senders->integer(1, kMostSenders));
  }
  if (const auto limit = node.find("node_bandwidth_bytes_per_s")) {
    link.node_bandwidth_bytes_per_s = bandwidth_bytes_per_s(*limit);
  }
  if (const auto range = node.find("valid_bytes")) {
    const std::vector<double> bytes = range->numbers();
    if (bytes.size() != 2 || !(bytes[0] >= 0 && bytes[0] <= bytes[1])) {
      range->fail("[smallest, largest] bytes");
    }
    link.model = link.model.valid_between(bytes[0], bytes[1]);
  }
  return link;
}

/// `model` with its bandwidth multiplied and limited, where it can be.
LinkModel scaled(const LinkModel& model, double factor, double limit) {
  if (model.kind() != LinkModel::Kind::kLatencyBandwidth) return model;
  return LinkModel::latency_bandwidth(model.latency_s(),
                                      std::min(model.peak_bytes_per_s() * factor, limit))
      .valid_between(model.low_bytes(), model.high_bytes());
}

/// What is left when a message passes both: the slower, with the longer latency.
LinkModel slower(const LinkModel& a, const LinkModel& b) {
  const LinkModel& slow = b.peak_bytes_per_s() < a.peak_bytes_per_s() ? b : a;
  if (slow.kind() != LinkModel::Kind::kLatencyBandwidth) return slow;
  return LinkModel::latency_bandwidth(std::max(a.latency_s(), b.latency_s()),
                                      slow.peak_bytes_per_s())
      .valid_between(slow.low_bytes(), slow.high_bytes());
}

/// Of those measured with at most `count` senders the one with most, else the one with fewest.
const LinkClass& best_measured(const std::vector<const LinkClass*>& classes, int count) {
  const LinkClass* best = classes.front();
  for (const LinkClass* link : classes) {
    const bool legal = link->senders <= count;
    const bool best_legal = best->senders <= count;
    const bool more = link->senders > best->senders;
    if (legal ? !best_legal || more : !best_legal && !more) best = link;
  }
  return *best;
}

std::vector<const LinkClass*> pointers(const std::vector<LinkClass>& links) {
  std::vector<const LinkClass*> out;
  for (const LinkClass& link : links) out.push_back(&link);
  return out;
}

/// Those of that GPU type; where there are none, those of every type.
std::vector<const LinkClass*> for_gpu(const std::vector<const LinkClass*>& links,
                                      std::string_view gpu) {
  std::vector<const LinkClass*> exact;
  std::vector<const LinkClass*> general;
  for (const LinkClass* link : links) {
    if (link->gpu == gpu) exact.push_back(link);
    if (link->gpu.empty()) general.push_back(link);
  }
  return exact.empty() ? general : exact;
}

/// The link of `count` GPUs that send together; nothing where no class can tell.
std::optional<LinkModel> aggregate(const std::vector<const LinkClass*>& classes, int count) {
  if (classes.empty() || count < 1) return std::nullopt;
  const LinkClass& link = best_measured(classes, count);
  const bool fits =
      link.senders <= count || link.model.kind() == LinkModel::Kind::kLatencyBandwidth;
  if (!fits) return std::nullopt;
  return scaled(link.model, static_cast<double>(count) / link.senders,
                link.node_bandwidth_bytes_per_s);
}

}  // namespace

NetworkDocument::NetworkDocument(const JsonNode& root) : file_(root.file()) {
  root.only({"schema", "name", "source", "levels"});
  name_ = root.at("name").name();
  if (const auto source = root.find("source")) source_ = source->string();
  const JsonNode levels = root.at("levels");
  for (const JsonNode& level : levels.elements()) add_level(level);
  const bool empty = std::all_of(std::begin(levels_), std::end(levels_),
                                 [](const auto& links) { return links.empty(); });
  if (empty) levels.fail("at least one link", "none");
}

void NetworkDocument::add_level(const JsonNode& node) {
  node.only({"level", "links"});
  const std::size_t index = node.at("level").one_of(kLinkLevelNames);
  std::vector<LinkClass>& links = levels_[index];
  if (!links.empty()) node.at("level").fail("each level once");
  for (std::size_t i = index + 1; i < kLinkLevels; ++i) {
    if (!levels_[i].empty()) node.at("level").fail("levels from the inside out");
  }
  const JsonNode list = node.at("links");
  if (list.elements().empty()) list.fail("at least one link");
  for (const JsonNode& entry : list.elements()) {
    LinkClass link = class_from_json(entry, static_cast<LinkLevel>(index));
    const bool twice = std::any_of(links.begin(), links.end(), [&](const LinkClass& other) {
      return other.gpu == link.gpu && other.senders == link.senders &&
             other.from_zone == link.from_zone && other.to_zone == link.to_zone;
    });
    if (twice) entry.fail("one link for each GPU type, zones and senders", "a second");
    links.push_back(std::move(link));
  }
}

std::vector<const LinkClass*> NetworkDocument::between_nodes(std::string_view gpu) const {
  return for_gpu(pointers(links(LinkLevel::kBetweenNodes)), gpu);
}

std::vector<const LinkClass*> NetworkDocument::of_zones(std::string_view from,
                                                        std::string_view to) const {
  std::vector<const LinkClass*> there;
  std::vector<const LinkClass*> back;
  for (const LinkClass& link : links(LinkLevel::kBetweenZones)) {
    if (link.from_zone == from && link.to_zone == to) there.push_back(&link);
    if (link.from_zone == to && link.to_zone == from) back.push_back(&link);
  }
  return there.empty() ? back : there;
}

void NetworkDocument::missing(LinkLevel level, const LinkEnd& from, const LinkEnd& to) const {
  throw_bad_input(fmt::format("{}: network {} has no link {} for {} of {} in {} to {} of {} in {}",
                              file_, quote(name_), to_string(level), from.count, quote(from.gpu),
                              quote(from.zone), to.count, quote(to.gpu), quote(to.zone)));
}

LinkModel NetworkDocument::inside_zone(const LinkEnd& from, const LinkEnd& to) const {
  const auto sending = aggregate(between_nodes(from.gpu), from.count);
  const auto receiving = aggregate(between_nodes(to.gpu), to.count);
  if (!sending || !receiving) missing(LinkLevel::kBetweenNodes, from, to);
  return slower(*sending, *receiving);
}

LinkModel NetworkDocument::across_zones(const LinkEnd& from, const LinkEnd& to) const {
  const std::vector<const LinkClass*> classes = of_zones(from.zone, to.zone);
  // As many streams as the side with fewer GPUs can have.
  const int streams = std::min(from.count, to.count);
  const auto a = aggregate(for_gpu(classes, from.gpu), streams);
  const auto b = aggregate(for_gpu(classes, to.gpu), streams);
  if (!a || !b) missing(LinkLevel::kBetweenZones, from, to);
  LinkModel link = slower(*a, *b);
  for (const LinkEnd* end : {&from, &to}) {
    const auto nics = aggregate(between_nodes(end->gpu), end->count);
    if (nics) link = slower(link, *nics);
  }
  return link;
}

LinkModel NetworkDocument::between(const LinkEnd& from, const LinkEnd& to) const {
  return from.zone == to.zone ? inside_zone(from, to) : across_zones(from, to);
}

std::optional<LinkModel> NetworkDocument::inside_node(std::string_view gpu, int count) const {
  const auto classes = for_gpu(pointers(links(LinkLevel::kInsideNode)), gpu);
  if (classes.empty() || count < 1) return std::nullopt;
  const LinkClass& link = best_measured(classes, count);
  return scaled(link.model, 1.0 / link.senders, link.node_bandwidth_bytes_per_s / count);
}

std::string NetworkDocument::describe() const {
  Evidence weakest = Evidence::kMeasuredGpu;
  std::size_t count = 0;
  for (const auto& links : levels_) {
    count += links.size();
    for (const LinkClass& link : links) weakest = weaker(weakest, link.evidence);
  }
  return fmt::format("{}: {} ({} link{}){}", to_string(weakest), name_, count,
                     count == 1 ? "" : "s", source_.empty() ? "" : "; " + source_);
}

std::shared_ptr<const NetworkDocument> read_network(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return std::make_shared<NetworkDocument>(document.root_of_kind("network", 1));
}

}  // namespace sextant
