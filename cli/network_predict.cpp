#include <charconv>
#include <cmath>
#include <functional>
#include <optional>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/cluster.h"
#include "analyzer/core/error.h"
#include "analyzer/core/table.h"
#include "analyzer/network/network_document.h"
#include "cli/network_parts.h"

namespace sextant::cli {

namespace {

double byte_count(const std::string& text) {
  constexpr double kMost = 1e18;
  double value = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end || !(value >= 1 && value <= kMost)) {
    throw_usage(fmt::format("--bytes expects sizes from 1 to 1e18, as in 1000,64e6; found {}",
                            quote(text)));
  }
  return std::floor(value);
}

/// Time and validity of one message.
struct Prediction {
  double time_s = 0;
  bool extrapolated = false;
};
using Predictor = std::function<Prediction(double bytes)>;

Predictor predictor_of(const LinkModel& link) {
  return [link](double bytes) {
    const double time_s = link.transfer_s(bytes);
    if (!(time_s > 0) || !std::isfinite(time_s)) {
      throw_bad_input(
          fmt::format("the link's fit gives no positive time for {:.0f} bytes; it holds "
                      "from {:.0f} to {:.0f} bytes",
                      bytes, link.low_bytes(), link.high_bytes()));
    }
    return Prediction{time_s, link.extrapolates(bytes)};
  };
}

bool is_level(const TransferQuestion& question, LinkLevel level) {
  return question.level.empty() || question.level == to_string(level);
}

bool is_gpu(const TransferQuestion& question, const std::string& gpu) {
  return question.gpu.empty() || gpu.empty() || question.gpu == gpu;
}

/// The only link of the network that the question can mean.
LinkModel only_link(const NetworkDocument* document, CommunicationOp op,
                    const TransferQuestion& question) {
  std::vector<const LinkClass*> found;
  for (int i = 0; document != nullptr && i < kLinkLevels; ++i) {
    const auto level = static_cast<LinkLevel>(i);
    if (!is_level(question, level)) continue;
    for (const LinkClass& link : document->links(level)) {
      if (link.op == op && is_gpu(question, link.gpu)) found.push_back(&link);
    }
  }
  if (found.size() == 1) return found.front()->model;
  if (found.empty() && document != nullptr) {
    throw_bad_input(
        fmt::format("network {} has no such link for {}", quote(document->name()), to_string(op)));
  }
  throw_usage(
      "the network has several links; choose one, as in --from 4xA100-40@us-central1-a "
      "--to 4xV100-16@us-central1-a, or by --level and --gpu");
}

Predictor collective_predictor(const NetworkDocument* document, CommunicationOp op,
                               const TransferQuestion& question) {
  if (document == nullptr) throw_bad_input("this network knows links only, no collectives");
  if (question.world_size < 1) {
    throw_usage(fmt::format("--op {} needs --world-size", to_string(op)));
  }
  std::vector<const CollectiveClass*> found;
  for (const CollectiveClass& one : document->content().collectives) {
    if (one.op == op && is_level(question, one.level) && is_gpu(question, one.gpu)) {
      found.push_back(&one);
    }
  }
  if (found.size() > 1) {
    throw_usage(
        fmt::format("the network has {} on several levels or GPU types; choose with "
                    "--level and --gpu",
                    to_string(op)));
  }
  const auto time = found.empty() ? std::nullopt
                                  : document->collective(op, found.front()->gpu,
                                                         found.front()->level, question.world_size);
  if (!time) {
    throw_bad_input(fmt::format("network {} does not tell what {} of {} ranks takes",
                                quote(document->name()), to_string(op), question.world_size));
  }
  return [time](double bytes) {
    return Prediction{time->seconds(bytes), time->extrapolates(bytes)};
  };
}

Predictor predictor_of(const Network& network, const TransferQuestion& question) {
  const CommunicationOp op =
      question.op.empty() ? CommunicationOp::kSendRecv : communication_op_from(question.op);
  const auto* document = dynamic_cast<const NetworkDocument*>(&network);
  if (is_collective(op)) return collective_predictor(document, op, question);
  if (question.world_size != 0) throw_usage("--world-size belongs to a collective's --op");
  if (question.from.empty()) {
    if (!question.to.empty()) throw_usage("--to needs --from");
    return predictor_of(only_link(document, op, question));
  }
  if (!question.op.empty() || !question.level.empty() || !question.gpu.empty()) {
    throw_usage("--from chooses a link by its ends; leave out --op, --level and --gpu");
  }
  const GpuCount from = gpu_count_from(question.from);
  const GpuCount to = gpu_count_from(question.to.empty() ? question.from : question.to);
  return predictor_of(
      network.between({from.zone, from.gpu, from.count}, {to.zone, to.gpu, to.count}));
}

}  // namespace

void add_transfer_options(CLI::App& command, TransferQuestion& question) {
  command.add_option("--bytes", question.bytes, "Message sizes to predict, as in 1000,64e6")
      ->delimiter(',')
      ->type_name("N,N,...");
  command.add_option("--from", question.from, "Senders, as in 4xA100-40@us-central1-a");
  command.add_option("--to", question.to, "Receivers; by default GPUs like the senders");
  command.add_option("--op", question.op, "Operation, by default send_recv");
  command.add_option("--world-size", question.world_size, "Ranks of a collective")
      ->check(CLI::Range(1, 1 << 20));
  command
      .add_option("--level", question.level,
                  "Level of the link or collective, where there are several")
      ->check(
          CLI::IsMember(std::vector<std::string>(kLinkLevelNames.begin(), kLinkLevelNames.end())));
  command.add_option("--gpu", question.gpu, "Its GPU type, where there are several");
}

int predict_transfers(const Network& network, const TransferQuestion& question,
                      const Session& session) {
  if (question.bytes.empty()) throw_usage("a choice of link needs --bytes");
  const Predictor predict = predictor_of(network, question);
  OrderedJson rows = OrderedJson::array();
  Table table({{"message"}, {"time"}, {"bandwidth"}, {"", Table::Align::kLeft}});
  for (const std::string& text : question.bytes) {
    const double bytes = byte_count(text);
    const Prediction prediction = predict(bytes);
    OrderedJson row;
    row["bytes"] = static_cast<std::int64_t>(bytes);
    row["time_s"] = prediction.time_s;
    row["extrapolated"] = prediction.extrapolated;
    rows.push_back(std::move(row));
    table.add_row({format_bytes(bytes), format_seconds(prediction.time_s),
                   format_bandwidth(bytes / prediction.time_s),
                   prediction.extrapolated ? "extrapolated" : ""});
  }
  if (session.json) {
    OrderedJson document;
    document["schema"] = schema_id("predictions");
    document["predictions"] = std::move(rows);
    print(json_text(document));
  } else {
    print(fmt::format("{}\n\n{}", network.describe(), table.text()));
  }
  return 0;
}

}  // namespace sextant::cli
