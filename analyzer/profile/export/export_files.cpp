#include "analyzer/profile/export/export_files.h"

#include "analyzer/core/files.h"

namespace sextant {

void ExportFiles::put(const std::filesystem::path& path, std::string content) {
  files_[path] = std::move(content);
}

OrderedJson ExportFiles::shared_table(const std::filesystem::path& path) const {
  const auto pending = files_.find(path);
  if (pending != files_.end()) return OrderedJson::parse(pending->second);
  if (!std::filesystem::exists(directory_ / path)) return OrderedJson::object();
  const std::string text = read_file(directory_ / path);
  // Checked for limits, duplicate keys and encoding first.
  const JsonDocument checked = JsonDocument::parse(text, (directory_ / path).string());
  for (const auto& [name, entry] : checked.root().members()) {
    if (!entry.is_object()) entry.fail("an object");
  }
  return OrderedJson::parse(text);
}

std::vector<std::filesystem::path> ExportFiles::write() const {
  std::vector<std::filesystem::path> out;
  for (const auto& [path, content] : files_) {
    out.push_back(directory_ / path);
    write_file_atomically(out.back(), content);
  }
  return out;
}

std::filesystem::path export_lock(const std::filesystem::path& directory) {
  return directory / ".gather_profs.lock";
}

}  // namespace sextant
