// Of slurm_nodes.h: tables of `sinfo`.
#include <algorithm>
#include <map>
#include <optional>

#include <fmt/format.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/cluster/discover/host_list.h"
#include "analyzer/cluster/discover/slurm_nodes.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

class SinfoReader {
 public:
  SinfoReader(std::string_view text, const std::string& source)
      : lines_(command_lines(text, source)), source_(source) {}

  std::vector<SlurmNode> read() {
    std::size_t line = 0;
    while (line < lines_.size() && lines_[line].empty()) ++line;
    if (line == lines_.size())
      throw_bad_input(fmt::format("{}: expected a table of sinfo, found nothing", source_));
    place_ = fmt::format("{}:{}", source_, line + 1);
    read_header(lines_[line]);
    while (++line < lines_.size()) {
      place_ = fmt::format("{}:{}", source_, line + 1);
      if (!lines_[line].empty()) add_row(cells_of(lines_[line]));
    }
    if (nodes_.empty()) throw_bad_input(fmt::format("{}: the table has no nodes", source_));
    return std::move(nodes_);
  }

 private:
  std::vector<std::string> cells_of(const std::string& line) const {
    return bars_ ? parts_of(line, '|') : words_of(line);
  }

  void read_header(const std::string& line) {
    bars_ = line.find('|') != std::string::npos;
    const std::vector<std::string> header = cells_of(line);
    columns_ = header.size();
    const auto column = [&](std::initializer_list<std::string_view> names) {
      std::optional<std::size_t> found;
      for (std::size_t i = 0; i < header.size() && !found; ++i) {
        if (std::find(names.begin(), names.end(), upper_case(header[i])) != names.end()) found = i;
      }
      return found;
    };
    const auto required = [&](std::initializer_list<std::string_view> names) {
      const auto found = column(names);
      if (!found) {
        throw_bad_input(
            fmt::format("{}: expected a header with the column {}, as of sinfo -N -o "
                        "'%N|%P|%G|%T|%f', found {}",
                        place_, *names.begin(), quote(line)));
      }
      return *found;
    };
    names_ = required({"NODELIST", "HOSTNAMES"});
    gres_ = required({"GRES"});
    state_ = required({"STATE", "STATECOMPLETE"});
    partition_ = column({"PARTITION"});
    features_ = column({"ACTIVE_FEATURES", "AVAIL_FEATURES", "FEATURES", "FEATURES_ACT"});
  }

  void add_row(const std::vector<std::string>& cells) {
    if (cells.size() != columns_) {
      throw_bad_input(fmt::format(
          "{}: expected {} columns as in the header, found {}{}", place_, columns_, cells.size(),
          bars_ ? "" : "; separate them by '|' with sinfo -o '%N|%P|%G|%T|%f'"));
    }
    SlurmNode node;
    node.gpus = slurm_gpus(cells[gres_], place_);
    node.state = foreign_name(cells[state_], place_, "a state");
    node.usable = is_usable_state(node.state);
    if (features_) node.features = names_in(cells[*features_]);
    if (partition_) {
      std::string name = cells[*partition_];
      if (name.ends_with('*')) name.pop_back();  // the default one
      node.partitions = names_in(name);
    }
    for (const std::string& name : expand_host_list(cells[names_], place_)) {
      node.name = node.host = name;
      add(node);
    }
  }

  std::vector<std::string> names_in(const std::string& cell) const {
    std::vector<std::string> out;
    if (cell == "(null)" || cell == "N/A" || cell.empty()) return out;
    for (const std::string& name : parts_of(cell, ',')) {
      out.push_back(foreign_name(name, place_, "the name of a partition or feature"));
    }
    return out;
  }

  /// A node stands once for each of its partitions.
  void add(const SlurmNode& node) {
    const auto [known, is_new] = index_.emplace(node.name, nodes_.size());
    if (is_new) {
      nodes_.push_back(node);
      return;
    }
    SlurmNode& before = nodes_[known->second];
    if (before.gpus != node.gpus) {
      throw_bad_input(
          fmt::format("{}: node {} has other GPUs than on an earlier line", place_, node.name));
    }
    before.usable = before.usable && node.usable;
    for (const std::string& partition : node.partitions) {
      if (std::find(before.partitions.begin(), before.partitions.end(), partition) ==
          before.partitions.end()) {
        before.partitions.push_back(partition);
      }
    }
  }

  std::vector<std::string> lines_;
  const std::string& source_;
  std::string place_;
  bool bars_ = false;
  std::size_t columns_ = 0;
  std::size_t names_ = 0;
  std::size_t gres_ = 0;
  std::size_t state_ = 0;
  std::optional<std::size_t> partition_;
  std::optional<std::size_t> features_;
  std::vector<SlurmNode> nodes_;
  std::map<std::string, std::size_t> index_;
};

}  // namespace

std::vector<SlurmNode> parse_sinfo_table(std::string_view text, const std::string& source) {
  return SinfoReader(text, source).read();
}

}  // namespace sextant
