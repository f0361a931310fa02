#include "analyzer/training/aceso/published_files.h"

#include <charconv>
#include <cmath>
#include <string_view>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/training/aceso/tables.h"

namespace sextant::aceso {

namespace {

/// The microbatches and degrees of which Aceso's search and its profiler know.
constexpr int kMicrobatches[] = {1, 2, 4, 8};
constexpr int kDegrees[] = {1, 2, 4, 8};

constexpr std::string_view kHeader =
    "op_name,forward-compute,backward-compute,input_size,output_size,weights,activations,"
    "fwd_reserved,bwd_reserved";

std::vector<std::string> fields_of(std::string_view line) {
  std::vector<std::string> fields;
  while (true) {
    const std::size_t comma = line.find(',');
    fields.emplace_back(line.substr(0, comma));
    if (comma == std::string_view::npos) return fields;
    line.remove_prefix(comma + 1);
  }
}

/// One line an operator kind.
OperatorTable read_operator_table(const std::filesystem::path& path,
                                  const OperatorSequence& operators) {
  const std::vector<CsvLine> lines = read_csv(path);
  if (lines.empty() || lines.front().fields != fields_of(kHeader)) {
    throw_bad_input(fmt::format("{}:1: expected the header \"{}\"", path.string(), kHeader));
  }
  std::map<std::string, OperatorCosts> kinds;
  for (std::size_t i = 1; i < lines.size(); ++i) {
    const CsvLine& line = lines[i];
    std::size_t column = 0;
    const auto next = [&] { return line.number(path, ++column); };
    OperatorCosts costs;
    costs.forward_us = next();
    costs.backward_us = next();
    costs.input_mb = next();
    costs.output_mb = next();
    costs.weights_mb = next();
    costs.activations_mb = next();
    costs.forward_reserved_mb = next();
    costs.backward_reserved_mb = next();
    kinds[line.fields.front()] = costs;
  }
  std::vector<OperatorCosts> costs;
  for (int op = 0; op < operators.size(); ++op) {
    const std::string name(kOperatorNames[index_of(operators[op].kind)]);
    const auto found = kinds.find(name);
    if (found == kinds.end()) {
      throw_bad_input(fmt::format("{}: expected a line of operator {}", path.string(), name));
    }
    costs.push_back(found->second);
  }
  return OperatorTable(operators, std::move(costs));
}

}  // namespace

double CsvLine::number(const std::filesystem::path& path, std::size_t index) const {
  const std::string found = index < fields.size() ? fields[index] : "";
  double value = 0;
  const auto [end, error] = std::from_chars(found.data(), found.data() + found.size(), value);
  if (error != std::errc() || end != found.data() + found.size() || !std::isfinite(value) ||
      value < 0) {
    throw_bad_input(fmt::format("{}:{}: expected a number >= 0 in field {}, found {}",
                                path.string(), line, index + 1,
                                index < fields.size() ? quote(found) : "none"));
  }
  return value;
}

std::vector<CsvLine> read_csv(const std::filesystem::path& path) {
  const std::string text = read_file(path);
  std::vector<CsvLine> lines;
  std::string_view rest = text;
  for (int number = 1; !rest.empty(); ++number) {
    const std::size_t end = rest.find('\n');
    std::string_view line = rest.substr(0, end);
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) lines.push_back({number, fields_of(line)});
  }
  return lines;
}

Tables read_published_tables(const std::filesystem::path& folder, const std::string& model,
                             OperatorSequence operators) {
  const TransferTable inside = TransferTable::read(folder / "p2p_intra_node.csv");
  // GPU types that were measured in one machine only have no table between machines; the published
  // code then takes the one inside.
  const std::filesystem::path between = folder / "p2p_inter_node.csv";
  Tables tables{std::move(operators),
                {},
                inside,
                std::filesystem::exists(between) ? TransferTable::read(between) : inside,
                folder.string()};
  for (const int microbatch : kMicrobatches) {
    for (const int tp : kDegrees) {
      const std::filesystem::path path =
          folder / fmt::format("{}_mbs{}_tp{}_algo0.csv", model, microbatch, tp);
      if (!std::filesystem::exists(path)) continue;
      tables.points.emplace(std::pair(microbatch, tp), read_operator_table(path, tables.operators));
    }
  }
  return tables;
}

}  // namespace sextant::aceso
