#include "launch/emit/job_folder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

namespace sextant {

namespace {

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

std::vector<std::filesystem::path> write_job_folder(const JobFolder& folder,
                                                    const std::filesystem::path& directory,
                                                    std::string_view mark, bool replace) {
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
    if (!fs::exists(target / mark, error)) {
      refuse(fmt::format("is not one of ours (it has no {}), so that it is not replaced", mark));
    }
  }
  const fs::path made = folder_beside(target);
  if (made.empty()) refuse(fmt::format("cannot be made: {}", std::strerror(errno)));
  const ScratchFolder scratch(made);
  std::vector<fs::path> written;
  for (const auto& [path, text] : folder.files) {
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
