#include "launch/emit/serving_export.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "launch/emit/serving_exporters.h"

namespace sextant {

namespace {

/// What every export has, and by which one is known again.
constexpr const char* kMark = "serving_export.json";

/// Removed with what is in it, unless there is nothing any more.
class ScratchFolder {
 public:
  explicit ScratchFolder(std::filesystem::path path) : path_(std::move(path)) {}
  ~ScratchFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  ScratchFolder(const ScratchFolder&) = delete;
  ScratchFolder& operator=(const ScratchFolder&) = delete;

 private:
  std::filesystem::path path_;
};

/// A new folder beside `target`; empty where none can be made.
std::filesystem::path folder_beside(const std::filesystem::path& target) {
  std::error_code error;
  std::filesystem::create_directories(target.parent_path(), error);
  constexpr int kTries = 100;
  for (int i = 0; i < kTries; ++i) {
    std::filesystem::path path = fmt::format("{}.new-{}-{}", target.string(), ::getpid(), i);
    if (::mkdir(path.c_str(), 0777) == 0) return path;
    if (errno != EEXIST) break;
  }
  return {};
}

/// Puts `made` where `target` is or was, and what was there where `made` is. In one step, where the
/// file system can do that.
bool exchange(const std::filesystem::path& made, const std::filesystem::path& target, bool there) {
  const unsigned int how = there ? RENAME_EXCHANGE : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, made.c_str(), AT_FDCWD, target.c_str(), how) == 0) return true;
  if (errno != EINVAL && errno != ENOSYS) return false;
  if (!there) return ::rename(made.c_str(), target.c_str()) == 0;
  const std::filesystem::path aside = made.string() + ".old";
  return ::rename(target.c_str(), aside.c_str()) == 0 &&
         ::rename(made.c_str(), target.c_str()) == 0 && ::rename(aside.c_str(), made.c_str()) == 0;
}

}  // namespace

ServingExport export_serving(ServingRuntime runtime, const ServedNetwork& network,
                             const ServingExportOptions& options) {
  ServingExport exported;
  put_serving_json(network, options, exported);
  if (runtime == ServingRuntime::kVllm) put_vllm(network, options, exported);
  if (runtime == ServingRuntime::kHelix) put_helix(network, options, exported);
  return exported;
}

std::vector<std::filesystem::path> write_serving_export(const ServingExport& exported,
                                                        const std::filesystem::path& directory,
                                                        bool replace) {
  namespace fs = std::filesystem;
  fs::path target = fs::absolute(directory).lexically_normal();
  if (!target.has_filename()) target = target.parent_path();
  const auto refuse = [&](const std::string& why) {
    throw_bad_input(fmt::format("{}: {}", directory.string(), why));
  };
  std::error_code error;
  const bool there = fs::exists(fs::symlink_status(target, error));
  const bool empty = there && fs::is_directory(target, error) && fs::is_empty(target, error);
  if (there && !empty) {
    if (!replace) refuse("is there already, and is only replaced where that is asked for");
    if (!fs::exists(target / kMark, error)) {
      refuse(fmt::format("is no export (it has no {}), so that it is not replaced", kMark));
    }
  }
  const fs::path made = folder_beside(target);
  if (made.empty()) refuse(fmt::format("cannot be made: {}", std::strerror(errno)));
  const ScratchFolder scratch(made);
  std::vector<fs::path> written;
  for (const auto& [path, text] : exported.files) {
    write_file_atomically(made / path, text);
    if (fs::path(path).extension() == ".sh") {
      fs::permissions(made / path,
                      fs::perms::owner_exec | fs::perms::group_exec | fs::perms::others_exec,
                      fs::perm_options::add, error);
    }
    written.push_back(directory / path);
  }
  // What was there goes with the scratch folder.
  if (!exchange(made, target, there)) {
    refuse(fmt::format("cannot be made: {}", std::strerror(errno)));
  }
  return written;
}

}  // namespace sextant
