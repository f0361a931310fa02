#include "ranks/rank_process.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"

extern char** environ;

namespace sextant::ranks {

namespace {

/// Kept of a rank's stderr.
constexpr std::size_t kTailBytes = 4096;
/// Of that, in a point's reason.
constexpr std::size_t kLastWordsBytes = 600;

struct Pipe {
  int reader = -1;
  int writer = -1;
};

Pipe make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw_bad_input(fmt::format("no pipe to a rank: {}", std::strerror(errno)));
  }
  ::fcntl(ends[0], F_SETFL, O_NONBLOCK);
  return {ends[0], ends[1]};
}

/// The parent's environment with some values replaced.
std::vector<std::string> environment_with(
    const std::vector<std::pair<std::string, std::string>>& values) {
  std::vector<std::string> out;
  for (const auto& [name, value] : values) out.push_back(fmt::format("{}={}", name, value));
  const std::size_t replaced = out.size();
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const std::string_view name = text.substr(0, text.find('=') + 1);
    const bool is_replaced =
        std::any_of(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(replaced),
                    [&](const std::string& own) { return own.starts_with(name); });
    if (!is_replaced) out.emplace_back(text);
  }
  return out;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  for (std::string& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

/// What is there to read; closes the descriptor at the end.
std::string receive_from(int& descriptor) {
  std::string out;
  char buffer[1 << 14];
  while (descriptor >= 0) {
    const ssize_t got = ::read(descriptor, buffer, sizeof buffer);
    if (got > 0) {
      out.append(buffer, static_cast<std::size_t>(got));
    } else if (got == 0 || (errno != EINTR && errno != EAGAIN)) {
      ::close(descriptor);
      descriptor = -1;
    } else if (errno == EAGAIN) {
      break;
    }
  }
  return out;
}

}  // namespace

RankProcess::RankProcess(const Setup& setup) {
  // All memory is had before the fork: between it and exec only async-signal-safe calls are legal.
  std::vector<std::string> words = {setup.program.string()};
  words.insert(words.end(), setup.arguments.begin(), setup.arguments.end());
  std::vector<std::string> environment = environment_with(setup.environment);
  const std::vector<char*> argv = pointers(words);
  const std::vector<char*> envp = pointers(environment);
  const std::string complaint = fmt::format("{}: cannot be started\n", setup.program.string());
  const bool inherits = setup.output == Output::kInherited;
  const Pipe err = inherits ? Pipe{} : make_pipe();
  const Pipe out = setup.output == Output::kLines ? make_pipe() : Pipe{};
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    ::setpgid(0, 0);
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(127);  // it died before that was set
    ::signal(SIGPIPE, SIG_DFL);
    ::signal(SIGXFSZ, SIG_DFL);
    const int nothing = ::open("/dev/null", O_RDONLY);
    ::dup2(nothing, STDIN_FILENO);
    if (!inherits) {
      ::dup2(out.writer >= 0 ? out.writer : err.writer, STDOUT_FILENO);
      ::dup2(err.writer, STDERR_FILENO);
    }
    ::execve(argv[0], argv.data(), envp.data());
    [[maybe_unused]] const ssize_t put = ::write(STDERR_FILENO, complaint.data(), complaint.size());
    ::_exit(127);
  }
  const int code = errno;
  if (err.writer >= 0) ::close(err.writer);
  if (out.writer >= 0) ::close(out.writer);
  err_ = err.reader;
  out_ = out.reader;
  if (process_ < 0) {
    if (err_ >= 0) ::close(err_);
    if (out_ >= 0) ::close(out_);
    throw_bad_input(fmt::format("no process for a rank: {}", std::strerror(code)));
  }
  ::setpgid(process_, process_);  // whoever of both is first
}

RankProcess::~RankProcess() {
  kill();
  if (out_ >= 0) ::close(out_);
  if (err_ >= 0) ::close(err_);
}

void RankProcess::signal_with(int signal) const {
  if (!status_) ::kill(process_, signal);
}

void RankProcess::kill() {
  if (status_) return;
  ::kill(-process_, SIGKILL);
  ::kill(process_, SIGKILL);
  int status = 0;
  while (::waitpid(process_, &status, 0) < 0 && errno == EINTR) {
  }
  status_ = status;
}

void RankProcess::receive() {
  received_ += receive_from(out_);
  append_tail(receive_from(err_));
}

void RankProcess::keep(const std::string& line) {
  append_tail(line + "\n");
}

void RankProcess::append_tail(const std::string& text) {
  tail_ += text;
  if (tail_.size() > kTailBytes) tail_.erase(0, tail_.size() - kTailBytes);
}

std::optional<std::string> RankProcess::take_line() {
  const std::size_t end = received_.find('\n', searched_);
  if (end == std::string::npos) {
    searched_ = received_.size();
    return std::nullopt;
  }
  std::string line = received_.substr(0, end);
  received_.erase(0, end + 1);
  searched_ = 0;
  return line;
}

bool RankProcess::ended() {
  if (status_) return true;
  int status = 0;
  if (::waitpid(process_, &status, WNOHANG) != process_) return false;
  status_ = status;
  return true;
}

bool RankProcess::succeeded() const {
  return WIFEXITED(*status_) && WEXITSTATUS(*status_) == 0;
}

int RankProcess::exit_code() const {
  return WIFEXITED(*status_) ? WEXITSTATUS(*status_) : 0;
}

int RankProcess::signal() const {
  return WIFSIGNALED(*status_) ? WTERMSIG(*status_) : 0;
}

std::string RankProcess::farewell() const {
  std::string out =
      signal() != 0 ? fmt::format("was killed by signal {} ({})", signal(), ::strsignal(signal()))
                    : fmt::format("ended with exit code {}", WEXITSTATUS(*status_));
  return out + last_words();
}

std::string RankProcess::last_words() const {
  std::string text = tail_.substr(tail_.size() - std::min(tail_.size(), kLastWordsBytes));
  const std::size_t end = text.find_last_not_of(" \n\r\t");
  text.resize(end == std::string::npos ? 0 : end + 1);
  if (text.empty()) return "";
  std::string line;
  for (const char c : text) {
    if (c != '\n') {
      line += c;
    } else if (!line.empty()) {
      line += " / ";
    }
  }
  return "; last words: " + quote(line, kLastWordsBytes * 2);
}

}  // namespace sextant::ranks
