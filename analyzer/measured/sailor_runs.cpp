#include "analyzer/measured/sailor_runs.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

constexpr std::string_view kPrefix = "plan_config_";

bool is_digit(char letter) {
  return std::isdigit(static_cast<unsigned char>(letter)) != 0;
}

/// Whether `a` comes before `b`, runs of digits compared by value: N8_D2, N16_D4.
bool comes_before(std::string_view a, std::string_view b) {
  while (!a.empty() && !b.empty()) {
    if (is_digit(a.front()) && is_digit(b.front())) {
      const auto digits = [](std::string_view& text) {
        while (text.size() > 1 && text[0] == '0' && is_digit(text[1])) text.remove_prefix(1);
        const auto end = std::find_if_not(text.begin(), text.end(), is_digit);
        const auto number = text.substr(0, static_cast<std::size_t>(end - text.begin()));
        text.remove_prefix(number.size());
        return number;
      };
      const std::string_view left = digits(a);
      const std::string_view right = digits(b);
      if (left.size() != right.size()) return left.size() < right.size();
      if (left != right) return left < right;
    } else if (a.front() != b.front()) {
      return a.front() < b.front();
    } else {
      a.remove_prefix(1);
      b.remove_prefix(1);
    }
  }
  return a.size() < b.size();
}

}  // namespace

MeasuredRun read_sailor_run(const fs::path& path, std::string_view set,
                            const SailorRunFacts& facts) {
  const JsonDocument document = JsonDocument::read(path);
  const JsonNode root = document.root();
  MeasuredRun run;
  const std::string stem = path.stem().string();
  const std::string name = stem.starts_with(kPrefix) ? stem.substr(kPrefix.size()) : stem;
  run.name = set.empty() ? name : fmt::format("{}/{}", set, name);
  run.source = path.string();
  run.model = facts.model;
  run.dtype = facts.dtype;
  run.seq_len = facts.seq_len;
  run.optimizer = facts.optimizer;
  run.framework = "deepspeed";
  run.evidence = Evidence::kReplayed;
  run.plan = plan_from_artifact_json(root, facts.model, facts.layer_count, root.at("gbs").count());
  run.iteration.median_s = root.at("real").positive();
  if (const auto sync = root.find("red_grads")) run.sync_s = sync->non_negative();
  if (const auto bytes = root.find("max_mem")) run.peak_process_bytes = bytes->positive();
  return run;
}

std::vector<MeasuredRun> read_sailor_runs(const fs::path& directory, std::string_view set,
                                          const SailorRunFacts& facts) {
  std::vector<fs::path> files;
  try {
    for (const auto& entry : fs::recursive_directory_iterator(directory)) {
      const fs::path& path = entry.path();
      if (path.extension() == ".json" && path.filename().string().starts_with(kPrefix)) {
        files.push_back(path);
      }
    }
  } catch (const fs::filesystem_error& error) {
    throw_bad_input(fmt::format("{}: expected a directory with {}*.json: {}", directory.string(),
                                kPrefix, error.code().message()));
  }
  std::sort(files.begin(), files.end());
  std::vector<MeasuredRun> runs;
  for (const fs::path& file : files) runs.push_back(read_sailor_run(file, set, facts));
  std::stable_sort(runs.begin(), runs.end(), [](const MeasuredRun& a, const MeasuredRun& b) {
    return comes_before(a.name, b.name);
  });
  const auto twice = std::adjacent_find(
      runs.begin(), runs.end(),
      [](const MeasuredRun& a, const MeasuredRun& b) { return a.name == b.name; });
  if (twice != runs.end()) {
    throw_bad_input(fmt::format("{}: expected one run of each name, found {} in {} too",
                                std::next(twice)->source, quote(twice->name), twice->source));
  }
  return runs;
}

std::vector<MeasuredRun> read_sailor_set(const fs::path& artifact_dir, const SailorRunSet& set,
                                         const SailorRunFacts& facts) {
  const fs::path folder = artifact_dir / set.folder;
  std::vector<MeasuredRun> runs = read_sailor_runs(folder, set.name, facts);
  for (MeasuredRun& run : runs) run.framework = set.framework;
  if (runs.empty()) {
    throw_bad_input(fmt::format("{}: expected {}*.json, found none", folder.string(), kPrefix));
  }
  return runs;
}

}  // namespace sextant
