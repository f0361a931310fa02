#include "planner/serving/milp/solver_process.h"

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/serving/milp/highs_solver.h"

namespace sextant {

namespace {

/// Ahead of each piece of news in the pipe; then come the values and the text.
struct Header {
  SolverNews::Kind kind;
  std::int32_t optimal;
  std::int32_t infeasible;
  ErrorCode code;
  std::int64_t text_bytes;
  std::int64_t values;
  std::int64_t nodes;
  double bound;
};

void write_all(int pipe, const void* data, std::size_t bytes) {
  const char* from = static_cast<const char*>(data);
  while (bytes > 0) {
    const ssize_t written = ::write(pipe, from, bytes);
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) ::_exit(1);  // nobody listens any more
    from += written;
    bytes -= static_cast<std::size_t>(written);
  }
}

void tell(int pipe, const SolverNews& news) {
  Header header = {};
  header.kind = news.kind;
  header.optimal = news.optimal ? 1 : 0;
  header.infeasible = news.infeasible ? 1 : 0;
  header.code = news.code;
  header.text_bytes = static_cast<std::int64_t>(news.text.size());
  header.values = static_cast<std::int64_t>(news.values.size());
  header.nodes = news.nodes;
  header.bound = news.bound;
  write_all(pipe, &header, sizeof header);
  write_all(pipe, news.values.data(), news.values.size() * sizeof(double));
  write_all(pipe, news.text.data(), news.text.size());
}

/// The solver's process from its beginning to its end.
[[noreturn]] void work(int pipe, pid_t parent, const MixedIntegerProgram& program,
                       const SolverSettings& settings) {
  // The parent decides what an interrupt means, and does not leave this process behind.
  ::signal(SIGINT, SIG_IGN);
  ::signal(SIGTERM, SIG_IGN);
  ::signal(SIGPIPE, SIG_IGN);
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  try {
    run_highs(program, settings, [pipe](const SolverNews& news) { tell(pipe, news); });
  } catch (const Error& error) {
    SolverNews news;
    news.kind = SolverNews::Kind::kFailure;
    news.code = error.code();
    news.text = error.what();
    tell(pipe, news);
  } catch (const std::exception& failure) {
    SolverNews news;
    news.kind = SolverNews::Kind::kFailure;
    news.text = failure.what();
    tell(pipe, news);
  }
  ::_exit(0);  // what the parent would do at its end is not this process's to do
}

}  // namespace

SolverProcess::SolverProcess(const MixedIntegerProgram& program, const SolverSettings& settings) {
  require_highs();
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw Error(ErrorCode::kInternal, fmt::format("pipe2 failed: {}", std::strerror(errno)));
  }
  const pid_t parent = ::getpid();
  process_ = ::fork();
  if (process_ == 0) {
    ::close(ends[0]);
    work(ends[1], parent, program, settings);
  }
  const int error = errno;
  ::close(ends[1]);
  pipe_ = ends[0];
  if (process_ < 0) {
    ::close(pipe_);
    throw Error(ErrorCode::kInternal, fmt::format("fork failed: {}", std::strerror(error)));
  }
}

SolverProcess::~SolverProcess() {
  ::kill(process_, SIGKILL);
  while (::waitpid(process_, nullptr, 0) < 0 && errno == EINTR) {
  }
  ::close(pipe_);
}

/// Whether so many bytes have been received; false too where the solver's end is closed.
bool SolverProcess::fill(std::size_t bytes, double seconds) {
  using Clock = std::chrono::steady_clock;
  const auto until = Clock::now() + std::chrono::duration<double>(seconds);
  while (received_.size() < bytes) {
    const double left = std::chrono::duration<double>(until - Clock::now()).count();
    struct pollfd wait = {pipe_, POLLIN, 0};
    const int ready = ::poll(&wait, 1, left > 0 ? static_cast<int>(left * 1e3) + 1 : 0);
    if (ready < 0 && errno != EINTR) {
      throw Error(ErrorCode::kInternal, fmt::format("poll failed: {}", std::strerror(errno)));
    }
    if (ready <= 0) {
      if (left <= 0 || ready < 0) return false;
      continue;
    }
    char block[65536];
    const ssize_t count = ::read(pipe_, block, sizeof block);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) {
      ended_ = true;
      return false;
    }
    received_.append(block, static_cast<std::size_t>(count));
  }
  return true;
}

std::optional<SolverNews> SolverProcess::next(double seconds) {
  SolverNews news;
  Header header = {};
  if (fill(sizeof header, seconds)) {
    std::memcpy(&header, received_.data(), sizeof header);
    const std::size_t values = static_cast<std::size_t>(header.values) * sizeof(double);
    const auto text = static_cast<std::size_t>(header.text_bytes);
    if (fill(sizeof header + values + text, seconds)) {
      news.kind = header.kind;
      news.optimal = header.optimal != 0;
      news.infeasible = header.infeasible != 0;
      news.code = header.code;
      news.bound = header.bound;
      news.nodes = header.nodes;
      news.values.resize(static_cast<std::size_t>(header.values));
      if (values > 0) std::memcpy(news.values.data(), received_.data() + sizeof header, values);
      news.text.assign(received_, sizeof header + values, text);
      received_.erase(0, sizeof header + values + text);
      return news;
    }
  }
  if (!ended_) return std::nullopt;
  news.kind = SolverNews::Kind::kFailure;
  news.text = "the solver's process ended before it was done";
  return news;
}

}  // namespace sextant
