#include "profiler/run/run_request.h"

#include <algorithm>
#include <cstdlib>
#include <set>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/json_document.h"
#include "analyzer/model/zoo.h"
#include "analyzer/plan/runnable.h"

namespace sextant::profiler {

namespace {

std::string name_of(const RunOptions& options, std::size_t number) {
  return options.names.empty() ? options.plans[number].stem().string() : options.names[number];
}

/// "main/N8_D2" -> main/N8_D2.json: sets of runs have folders.
std::filesystem::path document_name(std::string_view name) {
  std::filesystem::path path;
  while (true) {
    const std::size_t slash = name.find('/');
    const std::string part = safe_file_name(name.substr(0, slash));
    if (slash == std::string_view::npos) return path / (part + ".json");
    path /= part;
    name.remove_prefix(slash + 1);
  }
}

void check_options(const RunOptions& options) {
  const std::size_t plans = options.plans.size();
  if (!options.names.empty() && options.names.size() != plans) {
    throw_usage(fmt::format("--name is given {} times, --plan {} times; name each plan or none",
                            options.names.size(), plans));
  }
  std::set<std::string> names;
  for (std::size_t i = 0; i < plans; ++i) {
    if (!names.insert(name_of(options, i)).second) {
      throw_usage(fmt::format("two plans have the name {}; tell them apart with --name",
                              quote(name_of(options, i))));
    }
  }
  if (plans > 1 && options.output.extension() == ".json") {
    throw_usage(fmt::format("-o {}: {} plans need a directory for their documents",
                            options.output.string(), plans));
  }
}

}  // namespace

int RunRequest::ranks() const {
  int most = 0;
  for (const PlanToRun& plan : plans) most = std::max(most, plan.ranks());
  return most;
}

RunRequest load_request(const RunOptions& options) {
  check_options(options);
  RunRequest request;
  request.options = options;
  request.job = read_job(options.job.string());
  request.model = request.job.described ? *request.job.described
                                        : model_named(request.job.model, options.job.parent_path());
  if (request.job.seq_len == 0) request.job.seq_len = request.model.seq_len;
  for (std::size_t i = 0; i < options.plans.size(); ++i) {
    const JsonDocument document = JsonDocument::read(options.plans[i]);
    PlanToRun plan;
    plan.name = name_of(options, i);
    plan.plan = plan_from_json(document.root_of_kind("plan", 1));
    try {
      check_runnable(plan.plan, request.job, request.model);
    } catch (Error& error) {
      throw std::move(error.in(options.plans[i].string()));
    }
    plan.document = options.output.extension() == ".json"
                        ? options.output
                        : options.output / document_name(plan.name);
    request.plans.push_back(std::move(plan));
  }
  return request;
}

}  // namespace sextant::profiler
