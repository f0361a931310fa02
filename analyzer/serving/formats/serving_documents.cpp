#include <algorithm>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/gpu.h"
#include "analyzer/profile/serving_db.h"
#include "analyzer/serving/formats/measured_types.h"

namespace sextant {

namespace {

namespace fs = std::filesystem;

/// Files of a folder at any depth that are serving profiles by their names, sorted.
std::vector<fs::path> serving_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const fs::directory_entry& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = entry.path().filename().string();
    const bool profile = name.starts_with("serving_profile_") && name.ends_with(".json");
    if (entry.is_regular_file() && (profile || name == "serving.json"))
      files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

std::vector<ServingDocument> read_one(const fs::path& path) {
  std::vector<ServingDocument> documents;
  const JsonDocument document = JsonDocument::read(path);
  if (document.kind() == "serving_profile") {
    documents.push_back(read_serving_document(document));
  } else {
    ServingDatabase database = read_serving_database(path);
    for (auto& [key, profile] : database.profiles) documents.push_back(std::move(profile));
  }
  for (ServingDocument& read : documents) read.source = path.string();
  return documents;
}

bool is_half(const ServingDocument& document) {
  return document.key.dtype == "fp16" || document.key.dtype == "bf16";
}

std::string canonical(std::string_view gpu) {
  const auto known = find_gpu(gpu);
  return known ? known->name : std::string(gpu);
}

}  // namespace

std::vector<ServingDocument> read_serving_documents(const fs::path& path,
                                                    const std::string& model) {
  std::vector<ServingDocument> found;
  std::set<std::string> models;
  const bool folder = fs::is_directory(path);
  for (const fs::path& file : folder ? serving_files(path) : std::vector<fs::path>{path}) {
    for (ServingDocument& document : read_one(file)) {
      models.insert(document.key.model);
      if (document.key.model == model) found.push_back(std::move(document));
    }
  }
  if (found.empty()) {
    throw_bad_input(
        fmt::format("{}: expected serving profiles of {}, found {}", path.string(), quote(model),
                    models.empty() ? "none of any model"
                                   : fmt::format("those of {}", fmt::join(models, ", "))));
  }
  return found;
}

const ServingDocument* find_serving_document(const std::vector<ServingDocument>& documents,
                                             std::string_view gpu, int gpus) {
  const ServingDocument* best = nullptr;
  for (const ServingDocument& document : documents) {
    if (document.status != PointStatus::kOk || document.key.tp != gpus) continue;
    if (canonical(document.key.gpu) != canonical(gpu)) continue;
    if (best == nullptr || (is_half(document) && !is_half(*best))) best = &document;
  }
  return best;
}

}  // namespace sextant
