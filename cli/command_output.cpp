#include "cli/command_output.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"

extern char** environ;

namespace sextant::cli {

namespace {

class Descriptor {
 public:
  Descriptor() = default;
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;

  void own(int number) { number_ = number; }
  int number() const { return number_; }
  void close() {
    if (number_ >= 0) ::close(number_);
    number_ = -1;
  }

 private:
  int number_ = -1;
};

struct Pipe {
  Pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) {
      throw_bad_input(fmt::format("no pipe to a command: {}", std::strerror(errno)));
    }
    reader.own(ends[0]);
    writer.own(ends[1]);
  }
  Descriptor reader;
  Descriptor writer;
};

/// Reads both pipes until they end or the time is up; whether they ended.
bool collect(Pipe& out, Pipe& err, CommandOutput& result, std::chrono::seconds timeout) {
  constexpr std::size_t kMostBytes = std::size_t{256} << 20;
  constexpr std::size_t kMostErrorBytes = 4096;
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (out.reader.number() >= 0 || err.reader.number() >= 0) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(
        end - std::chrono::steady_clock::now());
    if (left.count() <= 0) return false;
    std::array<pollfd, 2> waiting = {pollfd{out.reader.number(), POLLIN, 0},
                                     pollfd{err.reader.number(), POLLIN, 0}};
    if (::poll(waiting.data(), waiting.size(), static_cast<int>(left.count())) < 0 &&
        errno != EINTR) {
      return false;
    }
    for (Pipe* pipe : {&out, &err}) {
      if (waiting[pipe == &out ? 0 : 1].revents == 0) continue;
      char buffer[1 << 14];
      const ssize_t got = ::read(pipe->reader.number(), buffer, sizeof buffer);
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0) {
        pipe->reader.close();
        continue;
      }
      std::string& text = pipe == &out ? result.out : result.err;
      if (pipe == &out || text.size() < kMostErrorBytes)
        text.append(buffer, static_cast<std::size_t>(got));
      if (text.size() > kMostBytes) return false;
    }
  }
  return true;
}

}  // namespace

CommandOutput output_of(const std::vector<std::string>& words, std::chrono::seconds timeout) {
  std::vector<std::string> copy = words;
  std::vector<char*> argv;
  for (std::string& word : copy) argv.push_back(word.data());
  argv.push_back(nullptr);
  Pipe out;
  Pipe err;
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(&actions, out.writer.number(), STDOUT_FILENO);
  ::posix_spawn_file_actions_adddup2(&actions, err.writer.number(), STDERR_FILENO);
  CommandOutput result;
  pid_t process = 0;
  const int code = ::posix_spawnp(&process, argv[0], &actions, nullptr, argv.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (code == ENOENT || code == EACCES || code == ENOTDIR) return result;
  if (code != 0) {
    throw_bad_input(fmt::format("{} cannot be started: {}", words.front(), std::strerror(code)));
  }
  result.started = true;
  out.writer.close();
  err.writer.close();
  if (!collect(out, err, result, timeout)) ::kill(process, SIGKILL);
  int status = 0;
  while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
  }
  result.exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
  return result;
}

}  // namespace sextant::cli
