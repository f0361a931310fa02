#include "analyzer/validation/validation_runs.h"

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/measured/sailor_runs.h"
#include "analyzer/measured/suspicion.h"
#include "analyzer/model/zoo.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

/// Artifacts and the zoo call one model by several names; those who know neither compare the text.
bool same_model(const std::string& a, const std::string& b) {
  if (a == b) return true;
  try {
    return zoo_model(a).name == zoo_model(b).name;
  } catch (const Error&) {
    return false;
  }
}

std::string_view optimizer_name(Optimizer optimizer) {
  return optimizer == Optimizer::kAdam ? "adam" : "sgd";
}

/// One name for one state: AdamW holds and moves what Adam does.
std::string_view canonical_optimizer(std::string_view name) {
  return name == "adamw" ? "adam" : name;
}

void refuse_documents_beside(const fs::path& directory, const MeasuredRun& published) {
  for (const auto& entry : fs::recursive_directory_iterator(directory)) {
    if (entry.path().extension() == ".json" &&
        JsonDocument::read(entry.path()).kind() == "measured") {
      throw_bad_input(fmt::format(
          "{}: expected measured documents or published plan files, found both: {} and {}",
          directory.string(), entry.path().string(), published.source));
    }
  }
}

}  // namespace

std::vector<MeasuredRun> read_validation_runs(const fs::path& directory, const Job& job,
                                              int layer_count) {
  std::vector<MeasuredRun> runs =
      read_sailor_runs(directory, "",
                       {job.model, layer_count, job.seq_len, std::string(to_string(job.dtype)),
                        std::string(optimizer_name(job.optimizer))});
  if (runs.empty()) {
    runs = read_measured_directory(directory);
  } else {
    refuse_documents_beside(directory, runs.front());
  }
  mark_suspicions(runs);
  return runs;
}

void check_suits(const MeasuredRun& run, const Job& job, const ModelProfile& profile) {
  const auto expect = [&](bool equal, std::string_view what, const auto& wanted,
                          const auto& found) {
    if (equal) return;
    throw_bad_input(fmt::format("{}: run {} has {} {}, but {} {}", run.source, quote(run.name),
                                what, found,
                                job.source.empty() ? "the job has" : job.source + " has", wanted));
  };
  expect(same_model(run.model, job.model), "model", quote(job.model), quote(run.model));
  const std::string_view dtype = to_string(job.dtype);
  expect(run.dtype == dtype, "dtype", quote(dtype), quote(run.dtype));
  if (job.seq_len > 0) expect(run.seq_len == job.seq_len, "seq_len", job.seq_len, run.seq_len);
  const std::string_view optimizer = optimizer_name(job.optimizer);
  expect(canonical_optimizer(run.optimizer) == optimizer, "optimizer", quote(optimizer),
         quote(run.optimizer));
  if (run.plan.layer_count != profile.layer_count) {
    throw_bad_input(fmt::format("{}: run {} has {} pipeline layers, but its profile {}", run.source,
                                quote(run.name), run.plan.layer_count, profile.layer_count));
  }
}

}  // namespace sextant
