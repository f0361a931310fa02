#include <fmt/format.h>

#include "analyzer/core/table.h"
#include "analyzer/model/model_document.h"
#include "analyzer/report/views/figure_text.h"
#include "analyzer/report/views/report_views.h"

namespace sextant {

namespace {

struct CountedKind {
  LayerKind kind = LayerKind::kBlock;
  int layers = 0;
};

std::vector<CountedKind> kinds_of(const ModelDescription& model) {
  std::vector<CountedKind> kinds;
  for (const LayerKind kind : layer_sequence(model)) {
    if (kinds.empty() || kinds.back().kind != kind) kinds.push_back({kind, 0});
    ++kinds.back().layers;
  }
  return kinds;
}

std::string heads_text(const ModelDescription& model) {
  return model.kv_heads == model.heads ? fmt::format("{} of {}", model.heads, model.head_dim)
                                       : fmt::format("{} of {}, {} for keys and values",
                                                     model.heads, model.head_dim, model.kv_heads);
}

}  // namespace

void add_model_view(const JsonDocument& document, const ReportInputs&,
                    std::vector<HtmlSection>& sections) {
  const ModelDescription model = model_from_json(document.root());
  HtmlSection section("Model: " + model.name, document.file(), "");
  std::vector<std::pair<std::string, std::string>> facts = {
      {"parameters", format_count(parameter_count(model))},
      {"FLOPs to train a token", format_count(training_flops_per_token(model, 0))},
      {"family", model.family},
      {"blocks", fmt::format("{}", model.layers)},
      {"hidden", fmt::format("{}", model.hidden)},
      {"heads", heads_text(model)},
      {"feed-forward", fmt::format("{}", model.ffn)},
      {"vocabulary", fmt::format("{}", model.vocab)},
      {"tokens a sequence", fmt::format("{}", model.seq_len)},
      {"norm", std::string(to_string(model.norm)) + (model.norm_after ? ", after the sum" : "")},
      {"activation", std::string(to_string(model.activation))},
      {"positions", std::string(to_string(model.position))},
      {"head", model.tied_embeddings ? "shares the token table" : "has its own table"}};
  if (model.experts > 0) {
    facts.emplace_back("experts",
                       fmt::format("{}, {} a token", model.experts, model.experts_per_token));
  }
  if (model.attention_window > 0) {
    facts.emplace_back("attention window", fmt::format("{} tokens", model.attention_window));
  }
  if (!model.source.empty()) facts.emplace_back("source", model.source);
  section.facts(facts);

  LayerOptions options;
  options.dtype = DataType::kBf16;
  HtmlTable table{"Layers, unsharded, one sequence in bf16",
                  {{"kind"},
                   {"layers", true},
                   {"parameters of one", true},
                   {"of all", true},
                   {"share", true},
                   {"forward, FLOP", true},
                   {"backward, FLOP", true},
                   {"output, B", true},
                   {"kept for backward, B", true}},
                  {}};
  double stored = 0;
  for (const CountedKind& one : kinds_of(model)) {
    stored += one.layers * layer_cost(model, one.kind, options).parameters;
  }
  for (const CountedKind& one : kinds_of(model)) {
    const LayerCost cost = layer_cost(model, one.kind, options);
    table.rows.push_back({{std::string(to_string(one.kind))},
                          integer_cell(one.layers),
                          number_cell(cost.parameters),
                          number_cell(one.layers * cost.parameters),
                          percent_cell(one.layers * cost.parameters / stored),
                          number_cell(cost.forward_flops),
                          number_cell(cost.backward_flops),
                          memory_cell(cost.output_bytes),
                          memory_cell(cost.saved_activation_bytes)});
  }
  section.table(table);
  if (model.tied_embeddings) {
    section.paragraph(
        "A tied head counts its own copy of the table: it usually stands on another "
        "stage than the embedding.");
  }
  sections.push_back(std::move(section));
}

}  // namespace sextant
