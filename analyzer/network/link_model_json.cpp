#include "analyzer/network/link_model_json.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/network/link_units.h"

namespace sextant {

namespace {

/// What a model refuses, at its place in the document.
template <class Make>
LinkModel made(const JsonNode& node, const Make& make) {
  try {
    return make();
  } catch (Error& error) {
    throw std::move(error.in(fmt::format("{} at {}", node.file(), node.pointer())));
  }
}

LinkModel read_segments(const JsonNode& node) {
  node.only({"kind", "segments"});
  std::vector<LinkSegment> segments;
  for (const JsonNode& piece : node.at("segments").elements()) {
    piece.only({"from_bytes", "start_s", "bytes_per_s"});
    segments.push_back({piece.at("from_bytes").non_negative(), piece.at("start_s").non_negative(),
                        bandwidth_bytes_per_s(piece.at("bytes_per_s"))});
  }
  return made(node, [&] { return LinkModel::segments(segments); });
}

LinkModel read_saturating(const JsonNode& node) {
  node.only({"kind", "latency_s", "bandwidth_bytes_per_s", "middle_bytes", "middle_s", "exponent",
             "decline_s"});
  SaturatingLink link;
  link.latency_s = latency_s(node.at("latency_s"));
  link.bandwidth_bytes_per_s = bandwidth_bytes_per_s(node.at("bandwidth_bytes_per_s"));
  link.middle_bytes = node.at("middle_bytes").positive();
  link.middle_s = node.at("middle_s").non_negative();
  link.exponent = node.at("exponent").positive();
  if (const auto decline = node.find("decline_s")) link.decline_s = decline->non_negative();
  return made(node, [&] { return LinkModel::saturating(link); });
}

}  // namespace

OrderedJson link_model_json(const LinkModel& model) {
  OrderedJson out = {{"kind", model.kind_name()}};
  const std::vector<double> c = model.coefficients();
  switch (model.kind()) {
    case LinkModel::Kind::kLatencyBandwidth:
      out["latency_s"] = c[0];
      out["bandwidth_bytes_per_s"] = c[1];
      break;
    case LinkModel::Kind::kQuadraticLog2Mb:
      out["coefficients"] = c;
      out["max_bytes_per_s"] = model.peak_bytes_per_s();
      break;
    case LinkModel::Kind::kSegments:
      out["segments"] = OrderedJson::array();
      for (const LinkSegment& piece : model.segments()) {
        out["segments"].push_back({{"from_bytes", piece.from_bytes},
                                   {"start_s", piece.start_s},
                                   {"bytes_per_s", piece.bytes_per_s}});
      }
      break;
    case LinkModel::Kind::kSaturating: {
      const SaturatingLink link = model.saturating();
      out["latency_s"] = link.latency_s;
      out["bandwidth_bytes_per_s"] = link.bandwidth_bytes_per_s;
      out["middle_bytes"] = link.middle_bytes;
      out["middle_s"] = link.middle_s;
      out["exponent"] = link.exponent;
      if (link.decline_s > 0) out["decline_s"] = link.decline_s;
      break;
    }
  }
  return out;
}

LinkModel read_link_model(const JsonNode& node) {
  switch (static_cast<LinkModel::Kind>(node.at("kind").one_of(LinkModel::kKindNames))) {
    case LinkModel::Kind::kLatencyBandwidth:
      node.only({"kind", "latency_s", "bandwidth_bytes_per_s"});
      return LinkModel::latency_bandwidth(latency_s(node.at("latency_s")),
                                          bandwidth_bytes_per_s(node.at("bandwidth_bytes_per_s")));
    case LinkModel::Kind::kQuadraticLog2Mb: {
      node.only({"kind", "coefficients", "max_bytes_per_s"});
      const std::vector<double> fit = node.at("coefficients").numbers();
      if (fit.size() != 3) node.at("coefficients").fail("the three coefficients of a quadratic");
      return LinkModel::quadratic_log2_mb(fit[0], fit[1], fit[2],
                                          bandwidth_bytes_per_s(node.at("max_bytes_per_s")));
    }
    case LinkModel::Kind::kSegments:
      return read_segments(node);
    case LinkModel::Kind::kSaturating:
      return read_saturating(node);
  }
  throw Error(ErrorCode::kInternal, "a link model of no kind");
}

OrderedJson valid_bytes_json(const LinkModel& model) {
  return {bytes_json(model.low_bytes()), bytes_json(model.high_bytes())};
}

LinkModel read_valid_bytes(const JsonNode& node, const LinkModel& model) {
  const std::vector<double> bytes = node.numbers();
  if (bytes.size() != 2 || !(bytes[0] >= 0 && bytes[0] <= bytes[1])) {
    node.fail("[smallest, largest] bytes");
  }
  return model.valid_between(bytes[0], bytes[1]);
}

}  // namespace sextant
