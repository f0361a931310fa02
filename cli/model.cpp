#include <filesystem>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/core/table.h"
#include "analyzer/model/hugging_face.h"
#include "analyzer/model/layer_groups.h"
#include "analyzer/model/model_document.h"
#include "analyzer/model/zoo.h"
#include "cli/commands.h"

namespace sextant::cli {

namespace {

struct Arguments {
  std::string name;  ///< of the zoo, or a file
  std::string output;
  std::string new_name;
  std::string dtype = "fp32";
  LayerOptions layer;
};

/// "331,196,416": every digit of a count.
std::string exact(double value) {
  std::string digits = fmt::format("{:.0f}", value);
  for (std::size_t at = digits.size(); at > 3; at -= 3) digits.insert(at - 3, ",");
  return digits;
}

/// A cell: nothing reads better than "0.000 B".
std::string or_dash(double value, std::string (*format)(double)) {
  return value == 0 ? "-" : format(value);
}

/// An integer in JSON where the value is one.
OrderedJson number(double value) {
  constexpr double kExact = 9007199254740992;  // 2^53
  const auto whole = static_cast<std::int64_t>(value < kExact ? value : 0);
  if (static_cast<double>(whole) == value) return whole;
  return value;
}

std::string shape_text(const ModelDescription& model) {
  std::string text = fmt::format("{}: {}, {} blocks, hidden {}, {} heads", model.name, model.family,
                                 model.layers, model.hidden, model.heads);
  if (model.kv_heads != model.heads) text += fmt::format(" ({} key-value)", model.kv_heads);
  text += fmt::format(", ffn {}", model.ffn);
  if (model.experts > 0) {
    text += fmt::format(" ({} of {} experts)", model.experts_per_token, model.experts);
  }
  return text + fmt::format(", vocabulary {}, {} tokens\n", model.vocab, model.seq_len);
}

int list(const Session& session) {
  Table table({{"model", Table::Align::kLeft},
               {"family", Table::Align::kLeft},
               {"parameters"},
               {"blocks"},
               {"hidden"},
               {"heads"},
               {"kv heads"},
               {"ffn"},
               {"vocabulary"},
               {"tokens"}});
  OrderedJson rows = OrderedJson::array();
  for (const std::string& name : zoo_names()) {
    const ModelDescription model = zoo_model(name);
    const double parameters = parameter_count(model);
    table.add_row({model.name, model.family, exact(parameters), std::to_string(model.layers),
                   std::to_string(model.hidden), std::to_string(model.heads),
                   std::to_string(model.kv_heads), std::to_string(model.ffn),
                   std::to_string(model.vocab), std::to_string(model.seq_len)});
    OrderedJson row;
    row["name"] = model.name;
    row["parameters"] = number(parameters);
    row["model"] = to_json(model);
    rows.push_back(std::move(row));
  }
  if (session.json) {
    OrderedJson document;
    document["schema"] = schema_id("models");
    document["models"] = std::move(rows);
    print(json_text(document));
  } else {
    print(table.text());
  }
  return 0;
}

std::string group_name(const ModelDescription& model, const LayerGroup& group) {
  std::string name(to_string(group.kind));
  if (group.windowed) name += fmt::format(", window {}", model.attention_window);
  return name;
}

OrderedJson group_json(const LayerGroup& group) {
  const LayerCost& cost = group.cost;
  OrderedJson row;
  row["kind"] = to_string(group.kind);
  row["windowed"] = group.windowed;
  row["count"] = group.count;
  row["parameters"] = number(cost.parameters);
  row["parameter_bytes"] = number(cost.parameter_bytes);
  row["input_bytes"] = number(cost.input_bytes);
  row["output_bytes"] = number(cost.output_bytes);
  row["saved_activation_bytes"] = number(cost.saved_activation_bytes);
  row["workspace_bytes"] = number(cost.workspace_bytes);
  row["forward_flops"] = number(cost.forward_flops);
  row["backward_flops"] = number(cost.backward_flops);
  row["forward_moved_bytes"] = number(cost.forward_moved_bytes);
  row["backward_moved_bytes"] = number(cost.backward_moved_bytes);
  row["tp_all_reduce_bytes_forward"] = number(cost.tp_all_reduce_bytes_forward);
  row["tp_all_reduce_bytes_backward"] = number(cost.tp_all_reduce_bytes_backward);
  return row;
}

std::string cost_table(const ModelDescription& model, const std::vector<LayerGroup>& groups) {
  Table table({{"layer", Table::Align::kLeft},
               {"count"},
               {"parameters"},
               {"saved activations"},
               {"workspace"},
               {"output"},
               {"forward FLOP"},
               {"backward FLOP"},
               {"all-reduce"}});
  double parameters = 0;
  double saved = 0;
  double forward = 0;
  double backward = 0;
  double reduced = 0;
  int layers = 0;
  for (const LayerGroup& group : groups) {
    const LayerCost& cost = group.cost;
    const double all_reduce = cost.tp_all_reduce_bytes_forward + cost.tp_all_reduce_bytes_backward;
    table.add_row({group_name(model, group), std::to_string(group.count), exact(cost.parameters),
                   format_bytes(cost.saved_activation_bytes), format_bytes(cost.workspace_bytes),
                   format_bytes(cost.output_bytes), or_dash(cost.forward_flops, format_count),
                   or_dash(cost.backward_flops, format_count), or_dash(all_reduce, format_bytes)});
    layers += group.count;
    parameters += group.count * cost.parameters;
    saved += group.count * cost.saved_activation_bytes;
    forward += group.count * cost.forward_flops;
    backward += group.count * cost.backward_flops;
    reduced += group.count * all_reduce;
  }
  table.add_row({"all", std::to_string(layers), exact(parameters), format_bytes(saved), "", "",
                 format_count(forward), format_count(backward), or_dash(reduced, format_bytes)});
  return table.text();
}

int show(const Arguments& arguments, const Session& session) {
  const ModelDescription model = model_named(arguments.name);
  LayerOptions options = arguments.layer;
  options.dtype = data_type_from(arguments.dtype);
  if (options.seq_len == 0) options.seq_len = model.seq_len;
  const std::vector<LayerGroup> groups = layer_groups(model, options);
  const std::vector<int> degrees = legal_tensor_degrees(model, model.heads);
  const double flops = training_flops_per_token(model, options.seq_len);

  if (session.json) {
    OrderedJson document;
    document["schema"] = schema_id("model_costs");
    document["model"] = to_json(model);
    document["parameters"] = number(parameter_count(model));
    document["training_flops_per_token"] = number(flops);
    document["tensor_degrees"] = degrees;
    OrderedJson rank;
    rank["tp"] = options.tp;
    rank["microbatch"] = options.microbatch;
    rank["seq_len"] = options.seq_len;
    rank["dtype"] = to_string(options.dtype);
    rank["recompute"] = options.recompute;
    rank["sequence_parallel"] = options.sequence_parallel;
    rank["padded_vocab"] = padded_vocab(model, options.tp);
    document["rank"] = std::move(rank);
    document["layers"] = OrderedJson::array();
    for (const LayerGroup& group : groups) document["layers"].push_back(group_json(group));
    print(json_text(document));
    return 0;
  }
  std::string text = shape_text(model);
  text += fmt::format("{} parameters, {}FLOP of training a token, tensor degrees {}\n",
                      exact(parameter_count(model)), format_count(flops), fmt::join(degrees, ", "));
  if (!model.source.empty()) text += fmt::format("source: {}\n", model.source);
  text += fmt::format("\nOne rank at tp {}, microbatch {}, {} tokens, {}{}{}; vocabulary {}{}:\n\n",
                      options.tp, options.microbatch, options.seq_len, to_string(options.dtype),
                      options.recompute ? ", recomputed" : "",
                      options.sequence_parallel ? ", sequence parallel" : "",
                      model.vocab == padded_vocab(model, options.tp) ? "" : "padded to ",
                      padded_vocab(model, options.tp));
  text += cost_table(model, groups);
  if (model.tied_embeddings) {
    text +=
        "\nThe head shares the embedding's table; it counts its own copy, which it has where\n"
        "it stands on another pipeline stage.\n";
  }
  print(text);
  return 0;
}

int import(const Arguments& arguments, const Session& session) {
  const ImportedModel imported = import_hugging_face(arguments.name, arguments.new_name);
  const OrderedJson model = to_json(imported.model);
  if (!arguments.output.empty()) write_file_atomically(arguments.output, json_text(model));
  if (session.json) {
    OrderedJson document;
    document["schema"] = schema_id("model_import");
    document["model"] = model;
    document["parameters"] = number(parameter_count(imported.model));
    document["notes"] = imported.notes;
    print(json_text(document));
    return 0;
  }
  std::string text = shape_text(imported.model);
  text += fmt::format("{} parameters\n", exact(parameter_count(imported.model)));
  for (const std::string& note : imported.notes) text += fmt::format("note: {}\n", note);
  text += arguments.output.empty() ? "-o FILE writes it as a model document\n"
                                   : fmt::format("written to {}\n", arguments.output);
  print(text);
  return 0;
}

void add_list(CLI::App& model, Session& session) {
  CLI::App* command = model.add_subcommand("list", "The built-in models");
  add_common_options(*command, session);
  command->callback([&session] { session.action = [&session] { return list(session); }; });
}

void add_show(CLI::App& model, Session& session) {
  CLI::App* command = model.add_subcommand(
      "show", "Parameters, activation bytes and FLOPs of each kind of layer on one rank");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command->add_option("name", arguments->name, "A built-in model, or a model document")->required();
  command->add_option("--tp", arguments->layer.tp, "Tensor-parallel degree")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--mbs", arguments->layer.microbatch, "Sequences of a microbatch")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  command->add_option("--seq", arguments->layer.seq_len, "Tokens of a sequence [the model's own]")
      ->check(CLI::PositiveNumber);
  command->add_option("--dtype", arguments->dtype, "Storage of weights and activations")
      ->check(CLI::IsMember({"fp32", "tf32", "fp16", "bf16"}))
      ->capture_default_str();
  command->add_flag("--recompute", arguments->layer.recompute,
                    "Keep only each block's input, compute its forward again");
  command->add_flag("--sequence-parallel", arguments->layer.sequence_parallel,
                    "Split norms and residual sums among the ranks too");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return show(*arguments, session); };
  });
}

void add_import(CLI::App& model, Session& session) {
  CLI::App* command =
      model.add_subcommand("import", "Read a Hugging Face configuration (config.json)");
  auto arguments = std::make_shared<Arguments>();
  add_common_options(*command, session);
  command->add_option("config", arguments->name, "The configuration")->required();
  command->add_option("-o,--output", arguments->output, "Write the model document")
      ->type_name("FILE");
  command->add_option("--name", arguments->new_name,
                      "Name of the model [_name_or_path, or the folder]");
  command->callback([arguments, &session] {
    session.action = [arguments, &session] { return import(*arguments, session); };
  });
}

}  // namespace

void add_model_command(CLI::App& program, Session& session) {
  CLI::App* model = program.add_subcommand("model", "What a model is made of, layer by layer");
  model->require_subcommand(1);
  add_list(*model, session);
  add_show(*model, session);
  add_import(*model, session);
}

}  // namespace sextant::cli
