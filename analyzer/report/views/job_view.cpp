#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/table.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

/// "1f1b, interleaved": the elements of an array as its file has them.
std::string list_text(const JsonNode& list) {
  std::vector<std::string> texts;
  for (const JsonNode& element : list.elements()) {
    texts.push_back(element.is_string() ? element.string() : element.raw().dump());
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

}  // namespace

void add_job_view(const JsonDocument& document, const ReportInputs&,
                  std::vector<HtmlSection>& sections) {
  const JsonNode root = document.root();
  const std::string& model = root.at("model").name();
  const int global_batch = root.at("global_batch").count();
  std::vector<std::pair<std::string, std::string>> facts = {
      {"model", model}, {"sequences an iteration", fmt::format("{}", global_batch)}};
  if (const auto tokens = root.find("seq_len")) {
    facts.emplace_back("tokens a sequence", fmt::format("{}", tokens->count()));
    facts.emplace_back("tokens an iteration",
                       format_count(static_cast<double>(global_batch) * tokens->count()));
  }
  for (const auto& [member, label] : {std::pair("dtype", "dtype"),
                                      {"optimizer", "optimizer"},
                                      {"framework", "run by"},
                                      {"objective", "objective"},
                                      {"source", "source"}}) {
    if (const auto text = root.find(member)) facts.emplace_back(label, text->string());
  }
  if (const auto constraints = root.find("constraints")) {
    if (const auto usd = constraints->find("max_usd_per_iter")) {
      facts.emplace_back("at most", fmt::format("${:.4g} an iteration", usd->positive()));
    }
    if (const auto speed = constraints->find("min_iters_per_s")) {
      facts.emplace_back("at least", fmt::format("{:.4g} iterations/s", speed->positive()));
    }
  }
  if (const auto freedom = root.find("freedom")) {
    for (const auto& [member, label] : {std::pair("schedules", "schedules"),
                                        {"zero_stages", "ZeRO stages"},
                                        {"recompute", "recompute"}}) {
      if (const auto list = freedom->find(member)) facts.emplace_back(label, list_text(*list));
    }
  }
  const auto name = root.find("name");
  HtmlSection section("Job: " + (name ? name->string() : model), document.file(), "");
  section.facts(facts);
  sections.push_back(std::move(section));
}

}  // namespace sextant
