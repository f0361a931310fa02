#include "analyzer/cluster/discover/topology_matrix.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/cluster/discover/command_text.h"
#include "analyzer/core/error.h"

namespace sextant {

namespace {

constexpr int kMostGpus = 1024;

/// "GPU3" -> 3.
std::optional<int> gpu_number(std::string_view word) {
  if (!word.starts_with("GPU")) return std::nullopt;
  return whole_number(word.substr(3), kMostGpus - 1);
}

/// The legend of nvidia-smi topo -m; SOC and PSB are those of old drivers.
bool is_path(std::string_view word) {
  static constexpr std::array<std::string_view, 7> kPaths = {"PIX", "PXB", "PHB", "NODE",
                                                             "SYS", "SOC", "PSB"};
  if (word.starts_with("NV") && whole_number(word.substr(2), 1000)) return true;
  return std::find(kPaths.begin(), kPaths.end(), word) != kPaths.end();
}

class MatrixReader {
 public:
  MatrixReader(std::string_view text, const std::string& source)
      : lines_(command_lines(text, source)), source_(source) {}

  TopologyMatrix read() {
    std::size_t line = 0;
    while (line < lines_.size() && !is_header(lines_[line])) ++line;
    if (line == lines_.size()) {
      throw_bad_input(fmt::format(
          "{}: expected the matrix of nvidia-smi topo -m, whose header begins with GPU0", source_));
    }
    read_header(lines_[line], line);
    while (++line < lines_.size()) read_line(lines_[line], line);
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      if (rows_[i].empty()) {
        throw_bad_input(
            fmt::format("{}: the row of {} is missing: was the output cut?", source_, names_[i]));
      }
    }
    return finish();
  }

 private:
  static bool is_header(const std::string& line) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty() || words.front() != "GPU0") return false;
    return words.size() == 1 || (words[1] != "X" && !is_path(words[1]));
  }

  /// GPUs, then NICs (NIC0 …, or in old drivers mlx5_0 …), then columns that are no devices.
  void read_header(const std::string& line, std::size_t number) {
    for (const std::string& word : words_of(line)) {
      if (word == "CPU" || word == "NUMA" || word == "GPU") break;
      const auto gpu = gpu_number(word);
      if (gpu && *gpu != matrix_.gpus) fail(number, fmt::format("GPU{}", matrix_.gpus), word);
      if (gpu) {
        ++matrix_.gpus;
      } else {
        matrix_.nics.push_back(foreign_name(word, place(number), "the name of a NIC"));
      }
      names_.push_back(word);
    }
    rows_.resize(names_.size());
  }

  void read_line(const std::string& line, std::size_t number) {
    const std::vector<std::string> words = words_of(line);
    if (words.empty()) return;
    if (words.front().ends_with(':') && words.size() == 2) {  // "NIC0: mlx5_0"
      const std::string name = words.front().substr(0, words.front().size() - 1);
      const auto nic = std::find(matrix_.nics.begin(), matrix_.nics.end(), name);
      if (nic != matrix_.nics.end())
        *nic = foreign_name(words[1], place(number), "the name of a NIC");
      return;
    }
    const auto found = std::find(names_.begin(), names_.end(), words.front());
    if (found == names_.end()) {
      if (gpu_number(words.front()))
        fail(number, fmt::format("a row of {} devices", names_.size()), line);
      return;
    }
    const auto row = static_cast<std::size_t>(found - names_.begin());
    if (!rows_[row].empty()) fail(number, "one row for each device", line);
    if (words.size() < names_.size() + 1) {
      fail(number, fmt::format("{} paths", names_.size()), line);
    }
    for (std::size_t i = 0; i < names_.size(); ++i) {
      const std::string& word = words[i + 1];
      if (i == row ? word != "X" : !is_path(word)) {
        fail(number,
             i == row ? "X on the diagonal" : "a path as in NV12, PIX, PXB, PHB, NODE or SYS",
             word);
      }
      rows_[row].push_back(i == row ? "" : word);
    }
  }

  TopologyMatrix finish() {
    for (std::size_t i = 0; i < rows_.size(); ++i) {
      for (std::size_t j = 0; j < i; ++j) {
        if (rows_[i][j] != rows_[j][i]) {
          throw_bad_input(fmt::format("{}: {} to {} is {}, and back it is {}", source_, names_[i],
                                      names_[j], rows_[i][j], rows_[j][i]));
        }
      }
    }
    const auto gpus = static_cast<std::size_t>(matrix_.gpus);
    for (std::size_t i = 0; i < gpus; ++i) {
      matrix_.gpu_paths.emplace_back(rows_[i].begin(),
                                     rows_[i].begin() + static_cast<std::ptrdiff_t>(gpus));
    }
    return std::move(matrix_);
  }

  std::string place(std::size_t line) const { return fmt::format("{}:{}", source_, line + 1); }
  [[noreturn]] void fail(std::size_t line, std::string_view expected,
                         std::string_view found) const {
    throw_bad_input(fmt::format("{}: expected {}, found {}", place(line), expected, quote(found)));
  }

  std::vector<std::string> lines_;
  const std::string& source_;
  TopologyMatrix matrix_;
  std::vector<std::string> names_;              ///< GPUs, then NICs
  std::vector<std::vector<std::string>> rows_;  ///< empty until its line came
};

}  // namespace

std::string TopologyMatrix::text() const {
  std::map<std::string, int> counts;
  int pairs = 0;
  for (std::size_t i = 0; i < gpu_paths.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      ++counts[gpu_paths[j][i]];
      ++pairs;
    }
  }
  if (counts.size() == 1) return fmt::format("{} between all pairs", counts.begin()->first);
  std::vector<std::string> parts;
  for (const auto& [path, count] : counts) {
    parts.push_back(parts.empty() ? fmt::format("{} between {} of {} pairs", path, count, pairs)
                                  : fmt::format("{} between {}", path, count));
  }
  return fmt::format("{}", fmt::join(parts, ", "));
}

TopologyMatrix parse_topology_matrix(std::string_view text, const std::string& source) {
  return MatrixReader(text, source).read();
}

}  // namespace sextant
