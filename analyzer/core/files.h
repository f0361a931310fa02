#pragma once

#include <filesystem>
#include <string>
#include <string_view>

namespace sextant {

/// The whole content of a regular file. Throws Error(kBadInput) naming the path where it is
/// missing, not a file, unreadable, or larger than `max_bytes`.
std::string read_file(const std::filesystem::path& path,
                      std::size_t max_bytes = std::size_t{256} << 20);

/// Replaces `path` by `content` so that a reader, or whoever looks after a crash, sees the old file
/// or the new one and never a part: written to a temporary name beside it, synced, renamed, and the
/// directory synced. A symbolic link at `path` is replaced, not followed. Missing parent
/// directories are made. Throws Error(kBadInput) naming the path (read-only, disk full, a device or
/// pipe, …).
void write_file_atomically(const std::filesystem::path& path, std::string_view content);

/// An exclusive lock on `path` (made if absent, with the holder's process id and host in it), held
/// until destruction or the end of the process, however it ends (flock(2) on Linux).
class FileLock {
 public:
  /// Waits until the lock is free. Throws Error(kBadInput) where the file cannot be made.
  explicit FileLock(const std::filesystem::path& path);
  ~FileLock();
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;

 private:
  int descriptor_ = -1;
};

/// `name` as one safe path component: what is not a letter, digit, '.', '_', '+', '=' or '-'
/// becomes
/// '_', a leading dot too, and what is longer than 100 bytes is cut and ended with a hash of the
/// whole, so that different names stay different.
std::string safe_file_name(std::string_view name);

}  // namespace sextant
