#include "analyzer/network/network_document.h"

#include <algorithm>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

/// What is left when a message passes both: the slower, with the longer latency.
LinkModel slower(const LinkModel& a, const LinkModel& b) {
  const LinkModel& slow = b.peak_bytes_per_s() < a.peak_bytes_per_s() ? b : a;
  return slow.with_latency_at_least(std::max(a.latency_s(), b.latency_s()));
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

/// Those between GPUs: not the copies.
std::vector<const LinkClass*> pointers(const std::vector<LinkClass>& links) {
  std::vector<const LinkClass*> out;
  for (const LinkClass& link : links) {
    if (link.op == CommunicationOp::kSendRecv) out.push_back(&link);
  }
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

/// The model with what its fit says of the scatter.
LinkModel with_spread(const LinkClass& link) {
  return link.fit ? link.model.with_spread(link.fit->residual_scale) : link.model;
}

/// The link of `count` GPUs that send together; nothing where no class can tell.
std::optional<LinkModel> aggregate(const std::vector<const LinkClass*>& classes, int count) {
  if (classes.empty() || count < 1) return std::nullopt;
  const LinkClass& link = best_measured(classes, count);
  const bool fits = link.senders <= count || link.model.kind() != LinkModel::Kind::kQuadraticLog2Mb;
  if (!fits) return std::nullopt;
  return with_spread(link).scaled(static_cast<double>(count) / link.senders,
                                  link.node_bandwidth_bytes_per_s);
}

}  // namespace

NetworkDocument::NetworkDocument(const JsonNode& root)
    : file_(root.file()), content_(network_content_from(root)) {}

std::vector<const LinkClass*> NetworkDocument::between_nodes(std::string_view gpu) const {
  return for_gpu(pointers(links(LinkLevel::kBetweenNodes)), gpu);
}

std::vector<const LinkClass*> NetworkDocument::of_zones(std::string_view from,
                                                        std::string_view to) const {
  std::vector<const LinkClass*> there;
  std::vector<const LinkClass*> back;
  for (const LinkClass* link : pointers(links(LinkLevel::kBetweenZones))) {
    if (link->from_zone == from && link->to_zone == to) there.push_back(link);
    if (link->from_zone == to && link->to_zone == from) back.push_back(link);
  }
  return there.empty() ? back : there;
}

void NetworkDocument::missing(LinkLevel level, const LinkEnd& from, const LinkEnd& to) const {
  throw_bad_input(fmt::format("{}: network {} has no link {} for {} of {} in {} to {} of {} in {}",
                              file_, quote(name()), to_string(level), from.count, quote(from.gpu),
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
  return with_spread(link).scaled(1.0 / link.senders, link.node_bandwidth_bytes_per_s / count);
}

std::optional<CollectiveTime> NetworkDocument::collective(CommunicationOp op, std::string_view gpu,
                                                          LinkLevel level, int world_size) const {
  const CollectiveClass* found = nullptr;
  for (const CollectiveClass& one : content_.collectives) {
    if (one.op != op || one.level != level) continue;
    if (one.gpu == gpu || (one.gpu.empty() && found == nullptr)) found = &one;
  }
  if (found == nullptr || world_size < 1) return std::nullopt;
  for (const CollectiveClass::World& world : found->worlds) {
    if (world.world_size == world_size) return CollectiveTime(world.model, found->evidence);
  }
  // One rank moves nothing over a link, so that others tell nothing of it.
  if (!found->terms || world_size < 2) return std::nullopt;
  return CollectiveTime(found->terms->terms, op, world_size);
}

std::string NetworkDocument::describe() const {
  Evidence weakest = Evidence::kMeasuredGpu;
  std::vector<std::string> parts;
  const auto count = [&](std::size_t number, std::string_view what) {
    if (number > 0) parts.push_back(fmt::format("{} {}{}", number, what, number == 1 ? "" : "s"));
  };
  std::size_t links = 0;
  for (const auto& level : content_.levels) {
    links += level.size();
    for (const LinkClass& link : level) weakest = weaker(weakest, link.evidence);
  }
  for (const CollectiveClass& one : content_.collectives) weakest = weaker(weakest, one.evidence);
  count(links, "link");
  count(content_.collectives.size(), "collective");
  return fmt::format("{}: {} ({}){}", to_string(weakest), name(), fmt::join(parts, ", "),
                     content_.source.empty() ? "" : "; " + content_.source);
}

std::shared_ptr<const NetworkDocument> read_network(const std::filesystem::path& path) {
  const JsonDocument document = JsonDocument::read(path);
  return std::make_shared<NetworkDocument>(document.root_of_kind("network", 1));
}

}  // namespace sextant
