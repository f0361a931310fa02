#include <algorithm>
#include <optional>

#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/report/cluster_chart.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/network_sections.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

constexpr std::int64_t kMostGpus = 10'000'000;
constexpr double kBytesPerGb = 1e9;

struct PoolRow {
  std::string gpu;
  std::string zone;
  int gpus_per_node = 1;
  int nodes = 0;
  int count = 0;
  double memory_bytes = 0;      ///< 0: not known
  double usd_per_gpu_hour = 0;  ///< 0: not known
  std::string remark;
};

HtmlTable::Cell usd_cell(double usd) {
  return usd > 0 ? HtmlTable::Cell{fmt::format("${:.2f}", usd), usd} : no_cell();
}

void add_pools(const std::string& name, const std::vector<PoolRow>& pools, HtmlSection& section) {
  ClusterChart chart;
  chart.title = name;
  chart.evidence = "none: what the document says there is";
  HtmlTable table{"Pools",
                  {{"GPU type"},
                   {"zone"},
                   {"GPUs", true},
                   {"machines", true},
                   {"GPUs of a machine", true},
                   {"memory of a GPU, B", true},
                   {"USD an hour, a GPU", true},
                   {"remark"}},
                  {}};
  int gpus = 0;
  double usd = 0;
  bool priced = true;
  for (const PoolRow& pool : pools) {
    gpus += pool.count;
    usd += pool.count * pool.usd_per_gpu_hour;
    priced = priced && pool.usd_per_gpu_hour > 0;
    auto zone = std::find_if(chart.zones.begin(), chart.zones.end(),
                             [&](const auto& one) { return one.name == pool.zone; });
    if (zone == chart.zones.end()) zone = chart.zones.insert(zone, {pool.zone, {}});
    zone->pools.push_back({pool.gpu, pool.nodes, pool.count,
                           pool.usd_per_gpu_hour > 0
                               ? fmt::format("${:.2f} an hour and GPU", pool.usd_per_gpu_hour)
                               : ""});
    table.rows.push_back({{pool.gpu},
                          {pool.zone},
                          integer_cell(pool.count),
                          integer_cell(pool.nodes),
                          integer_cell(pool.gpus_per_node),
                          pool.memory_bytes > 0 ? memory_cell(pool.memory_bytes) : no_cell(),
                          usd_cell(pool.usd_per_gpu_hour),
                          {pool.remark}});
  }
  std::vector<std::pair<std::string, std::string>> facts = {
      {"GPUs", fmt::format("{}", gpus)}, {"zones", fmt::format("{}", chart.zones.size())}};
  if (priced) facts.emplace_back("all of it", fmt::format("${:.2f} an hour", usd));
  section.facts(facts);
  if (!chart.zones.empty()) section.figure("cluster", svg(chart));
  if (!table.rows.empty()) section.table(table);
}

PoolRow pool_from(const JsonNode& node) {
  PoolRow pool;
  pool.gpu = node.at("gpu").name();
  pool.zone = node.at("zone").name();
  pool.gpus_per_node = node.at("gpus_per_node").count();
  if (const auto nodes = node.find("nodes")) {
    pool.nodes = static_cast<int>(nodes->integer(0, kMostGpus));
    pool.count = pool.nodes * pool.gpus_per_node;
  }
  if (const auto count = node.find("count")) {
    pool.count = static_cast<int>(count->integer(0, kMostGpus));
    pool.nodes = (pool.count + pool.gpus_per_node - 1) / pool.gpus_per_node;
  }
  // What the document leaves out is the type's, where there is a data sheet of it.
  const std::optional<GpuSpec> sheet = find_gpu(pool.gpu);
  const auto memory = node.find("memory_bytes");
  pool.memory_bytes = memory ? memory->positive() : sheet ? sheet->memory_bytes : 0;
  const auto price = node.find("usd_per_gpu_hour");
  pool.usd_per_gpu_hour = price   ? price->non_negative()
                          : sheet ? sheet->usd_per_hour.value_or(0)
                                  : 0;
  if (const auto nics = node.find("nics_per_node")) {
    pool.remark = fmt::format("{} NICs a machine", nics->count());
  }
  if (const auto quota = node.find("quota")) {
    pool.remark += fmt::format("{}quota of {} GPUs", pool.remark.empty() ? "" : ", ",
                               quota->integer(0, kMostGpus));
  }
  return pool;
}

void add_egress(const JsonNode& prices, HtmlSection& section) {
  std::vector<std::pair<std::string, std::string>> facts;
  for (const auto& [member, label] : {std::pair("date", "prices of"), {"source", "from"}}) {
    if (const auto text = prices.find(member)) facts.emplace_back(label, text->string());
  }
  if (!facts.empty()) section.facts(facts);
  const auto egress = prices.find("egress_usd_per_gb");
  if (!egress) return;
  HtmlTable table{"Traffic between zones", {{"from"}, {"to"}, {"USD/GB", true}}, {}};
  for (const auto& [from, zones] : egress->members()) {
    for (const auto& [to, usd] : zones.members()) {
      table.rows.push_back({{from}, {to}, number_cell(usd.non_negative())});
    }
  }
  if (!table.rows.empty()) section.table(table);
}

}  // namespace

void add_cluster_view(const JsonDocument& document, const ReportInputs& inputs,
                      std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const std::string& name = root.at("name").name();
  std::vector<PoolRow> pools;
  for (const JsonNode& pool : root.at("pools").elements()) pools.push_back(pool_from(pool));
  const auto network = root.find("network");
  std::optional<NetworkContent> content;
  if (network && network->is_object() && !network->has("artifact")) {
    content = network_content_from(*network);
  }
  HtmlSection section("Cluster: " + name, document.file(),
                      content ? network_evidence(*content) : "");
  if (const auto notes = root.find("notes")) {
    for (const JsonNode& note : notes->elements()) section.paragraph(note.string());
  }
  add_pools(name, pools, section);
  if (const auto prices = root.find("prices")) add_egress(*prices, section);
  if (content) {
    section.heading("Network: " + content->name);
    add_network_content(*content, inputs, section);
  } else if (network && network->is_string()) {
    section.paragraph("Network: " + network->string());
  }
  sections.push_back(std::move(section));
}

void add_cluster_summary_view(const JsonDocument& document, const ReportInputs&,
                              std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section("Cluster: " + root.at("name").string(), document.file(), "");
  std::vector<PoolRow> pools;
  for (const JsonNode& node : root.at("pools").elements()) {
    PoolRow pool;
    pool.gpu = node.at("gpu").string();
    pool.zone = node.at("zone").string();
    pool.gpus_per_node = node.at("gpus_per_node").count();
    pool.nodes = static_cast<int>(node.at("nodes").integer(0, kMostGpus));
    pool.count = static_cast<int>(node.at("count").integer(0, kMostGpus));
    pool.memory_bytes = node.at("memory_bytes").positive();
    pool.usd_per_gpu_hour = node.at("usd_per_gpu_hour").non_negative();
    pools.push_back(std::move(pool));
  }
  add_pools(root.at("name").string(), pools, section);
  section.facts(
      {{"network", root.at("network").string()},
       {"prices of", root.at("price_date").string().empty() ? "an unknown date"
                                                            : root.at("price_date").string()}});
  HtmlTable links{"Links between full machines",
                  {{"from"}, {"to"}, {"bandwidth, B/s", true}, {"egress, USD/GB", true}},
                  {}};
  for (const JsonNode& link : root.at("links").elements()) {
    const auto peak = link.find("peak_bytes_per_s");
    links.rows.push_back(
        {{link.at("from").string()},
         {link.at("to").string()},
         peak ? bandwidth_cell(peak->positive()) : HtmlTable::Cell{"no link"},
         number_cell(link.at("egress_usd_per_byte").non_negative() * kBytesPerGb)});
  }
  if (!links.rows.empty()) section.table(links);
  for (const JsonNode& note : root.at("notes").elements()) section.paragraph(note.string());
  sections.push_back(std::move(section));
}

void add_prices_view(const JsonDocument& document, const ReportInputs&,
                     std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  HtmlSection section("Prices of " + root.at("date").string(), document.file(), "");
  section.paragraph(root.at("source").string());
  HtmlTable table{
      "GPUs",
      {{"GPU type"}, {"zone"}, {"USD an hour", true}, {"spot, USD an hour", true}, {"source"}},
      {}};
  for (const JsonNode& gpu : root.at("gpus").elements()) {
    const auto spot = gpu.find("spot_usd_per_gpu_hour");
    const auto source = gpu.find("source");
    const std::string& zone = gpu.at("zone").name();
    table.rows.push_back({{gpu.at("gpu").name()},
                          {zone == "*" ? "any other" : zone},
                          usd_cell(gpu.at("usd_per_gpu_hour").positive()),
                          spot ? usd_cell(spot->positive()) : no_cell(),
                          {source ? source->string() : ""}});
  }
  if (!table.rows.empty()) section.table(table);
  add_egress(root, section);
  sections.push_back(std::move(section));
}

}  // namespace sextant
