#include "analyzer/core/files.h"

#include <cerrno>
#include <cstdint>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant {

namespace {

[[noreturn]] void throw_system(const std::filesystem::path& path, std::string_view action) {
  const int code = errno;
  throw_bad_input(fmt::format("{}: cannot {}: {}", path.string(), action, std::strerror(code)));
}

/// Closes a descriptor and removes a temporary file unless told that it was used.
class Descriptor {
 public:
  explicit Descriptor(int value) : value_(value) {}
  ~Descriptor() {
    if (value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }
  int release() { return std::exchange(value_, -1); }

 private:
  int value_;
};

/// Whether a rename onto `path` would put a file in the place of a device, pipe or socket, or of a
/// link to one or to an open descriptor, as /dev/stdout is. Whoever is root could do that.
bool stands_for_a_device(const std::filesystem::path& path) {
  std::error_code none;  // what cannot be looked at is left to the write
  const std::filesystem::file_status status = std::filesystem::status(path, none);
  if (std::filesystem::is_other(status)) return true;
  const std::string target = std::filesystem::read_symlink(path, none).string();
  return target.starts_with("/proc/");
}

}  // namespace

std::string read_file(const std::filesystem::path& path, std::size_t max_bytes) {
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.get() < 0) throw_system(path, "be read");
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) throw_system(path, "be read");
  if (S_ISDIR(info.st_mode)) throw_bad_input(path.string() + ": is a directory, expected a file");
  std::string content;
  if (info.st_size > 0)
    content.reserve(std::min(max_bytes, static_cast<std::size_t>(info.st_size)));
  char buffer[1 << 16];
  while (true) {
    const ssize_t got = ::read(file.get(), buffer, sizeof buffer);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) throw_system(path, "be read");
    if (got == 0) return content;
    content.append(buffer, static_cast<std::size_t>(got));
    if (content.size() > max_bytes) {
      throw_bad_input(fmt::format("{}: has more than {} bytes", path.string(), max_bytes));
    }
  }
}

void write_file_atomically(const std::filesystem::path& path, std::string_view content) {
  if (stands_for_a_device(path)) {
    throw_bad_input(path.string() + ": is a device or pipe; expected the name of a regular file");
  }
  const std::filesystem::path folder = path.has_parent_path() ? path.parent_path() : ".";
  std::error_code failure;
  std::filesystem::create_directories(folder, failure);
  if (failure) {
    throw_bad_input(fmt::format("{}: cannot be made: {}", folder.string(), failure.message()));
  }
  std::string name = (folder / ".sextant-XXXXXX").string();
  Descriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.get() < 0) throw_system(path, "be written");
  const auto abandon = [&] {
    const int code = errno;
    ::unlink(name.c_str());
    errno = code;
    throw_system(path, "be written");
  };
  while (!content.empty()) {
    const ssize_t put = ::write(file.get(), content.data(), content.size());
    if (put < 0 && errno == EINTR) continue;
    if (put <= 0) abandon();
    content.remove_prefix(static_cast<std::size_t>(put));
  }
  // mkstemp makes private files; ours get what the process' umask would have given.
  const mode_t mask = ::umask(0);
  ::umask(mask);
  if (::fchmod(file.get(), 0666U & ~mask) != 0) abandon();
  if (::fsync(file.get()) != 0 || ::close(file.release()) != 0) abandon();
  if (::rename(name.c_str(), path.c_str()) != 0) abandon();
  const Descriptor directory(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() >= 0) ::fsync(directory.get());
}

FileLock::FileLock(const std::filesystem::path& path) {
  if (path.has_parent_path()) {
    std::error_code failure;
    std::filesystem::create_directories(path.parent_path(), failure);
  }
  descriptor_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
  if (descriptor_ < 0) throw_system(path, "be locked");
  while (::flock(descriptor_, LOCK_EX) != 0) {
    if (errno == EINTR) continue;
    const int code = errno;
    ::close(descriptor_);
    errno = code;
    throw_system(path, "be locked");
  }
  char host[256] = "";
  ::gethostname(host, sizeof host - 1);
  const std::string holder = fmt::format("{} {}\n", ::getpid(), host);
  // For a person who wonders who holds it; the lock itself does not depend on it.
  if (::ftruncate(descriptor_, 0) == 0) {
    [[maybe_unused]] const ssize_t put = ::pwrite(descriptor_, holder.data(), holder.size(), 0);
  }
}

FileLock::~FileLock() {
  ::close(descriptor_);
}

std::string safe_file_name(std::string_view name) {
  constexpr std::size_t kLongest = 100;
  std::uint64_t hash = 0xcbf29ce484222325U;  // FNV-1a
  std::string out;
  bool changed = false;
  for (const char c : name) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       std::strchr("._+=-", c) != nullptr;
    const bool keep = plain && c != '\0' && !(out.empty() && c == '.');
    changed = changed || !keep;
    out += keep ? c : '_';
  }
  if (out.empty() || changed || out.size() > kLongest) {
    out = fmt::format("{}-{:016x}", out.substr(0, kLongest), hash);
  }
  return out;
}

}  // namespace sextant
