#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analyzer/core/json_document.h"
#include "analyzer/model/model.h"

namespace sextant {

struct ImportedModel {
  ModelDescription model;
  /// What of the configuration was not understood, or is not modelled and how that errs; one
  /// sentence each, naming the member. Empty: everything counted.
  std::vector<std::string> notes;
};

/// Reads a Hugging Face configuration (config.json of a decoder-only language model): model_type
/// opt, gpt_neo, gpt2, llama, mistral, qwen2 or mixtral. Absent members have the defaults of that
/// type's class in transformers. Throws Error(kBadInput) on another model_type, and on a member
/// that changes the architecture in a way that cannot be counted.
/// `name` "" takes the configuration's _name_or_path, else the name of its folder.
ImportedModel import_hugging_face(const std::filesystem::path& path, const std::string& name = "");
ImportedModel import_hugging_face(const JsonNode& config, const std::string& name);

}  // namespace sextant
