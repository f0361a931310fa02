#include "profiler/sweep/rank_world.h"

#include <algorithm>
#include <arpa/inet.h>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <netinet/in.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"

namespace sextant::profiler {

using ranks::RankProcess;

namespace {

/// A file without a name that the ranks inherit: nothing is left of it whoever is killed.
class RequestFile {
 public:
  explicit RequestFile(const std::string& text) : descriptor_(::memfd_create("request", 0)) {
    const auto size = static_cast<ssize_t>(text.size());
    if (descriptor_ < 0 || ::write(descriptor_, text.data(), text.size()) != size) {
      throw_bad_input(
          fmt::format("the ranks' request cannot be written: {}", std::strerror(errno)));
    }
  }
  ~RequestFile() { ::close(descriptor_); }
  RequestFile(const RequestFile&) = delete;
  RequestFile& operator=(const RequestFile&) = delete;
  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

/// A port where the ranks can meet: one that is free now. Another program may take it before rank 0
/// does, which then ends with that complaint.
int free_port() {
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* const raw = reinterpret_cast<sockaddr*>(&address);
  const bool good = listener >= 0 && ::bind(listener, raw, length) == 0 &&
                    ::getsockname(listener, raw, &length) == 0;
  const int code = errno;
  if (listener >= 0) ::close(listener);
  if (!good) throw_bad_input(fmt::format("no port for the ranks to meet: {}", std::strerror(code)));
  return ntohs(address.sin_port);
}

std::vector<std::pair<std::string, std::string>> environment_of(int rank, int size, int port,
                                                                DeviceKind device) {
  std::vector<std::pair<std::string, std::string>> out = {{"RANK", std::to_string(rank)},
                                                          {"LOCAL_RANK", std::to_string(rank)},
                                                          {"WORLD_SIZE", std::to_string(size)},
                                                          {"MASTER_ADDR", "127.0.0.1"},
                                                          {"MASTER_PORT", std::to_string(port)}};
  // Ranks that share a machine's cores must not each take all of them.
  if (device == DeviceKind::kCpu && size > 1 && std::getenv("OMP_NUM_THREADS") == nullptr) {
    const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
    out.emplace_back("OMP_NUM_THREADS",
                     std::to_string(std::max(1U, cores / static_cast<unsigned>(size))));
  }
  return out;
}

}  // namespace

RankWorld::RankWorld(const std::filesystem::path& program, const ProfileRequest& request,
                     int size) {
  const RequestFile file(json_text(to_json(request)));
  const int port = free_port();
  for (int rank = 0; rank < size; ++rank) {
    ranks_.push_back(std::make_unique<RankProcess>(RankProcess::Setup{
        program,
        {file.path()},
        environment_of(rank, size, port, request.device),
        rank == 0 ? RankProcess::Output::kLines : RankProcess::Output::kErrors}));
  }
}

bool RankWorld::take_event(Report& report) {
  RankProcess& first = *ranks_.front();
  while (const auto line = first.take_line()) {
    // Libraries talk too: NCCL with NCCL_DEBUG does so on stdout.
    if (!line->starts_with('{')) {
      first.keep(*line);
      continue;
    }
    try {
      report.event = rank_event_from(*line);
      report.kind = Report::Kind::kEvent;
    } catch (const Error&) {
      report.kind = Report::Kind::kDied;
      report.reason = "rank 0 said what is no report: " + quote(*line, 200);
    }
    return true;
  }
  return false;
}

/// Of several dead ranks one that a signal killed: the others usually died of missing it.
bool RankWorld::find_dead(Report& report) {
  const RankProcess* dead = nullptr;
  std::size_t which = 0;
  for (std::size_t i = 0; i < ranks_.size(); ++i) {
    RankProcess& rank = *ranks_[i];
    if (!rank.ended() || rank.succeeded()) continue;
    rank.receive();
    if (dead == nullptr || (dead->signal() == 0 && rank.signal() != 0)) {
      dead = &rank;
      which = i;
    }
  }
  if (dead == nullptr) return false;
  report.kind = Report::Kind::kDied;
  report.reason = fmt::format("rank {} of {} {}", which, ranks_.size(), dead->farewell());
  const int signal = dead->signal();
  if (signal == SIGTERM || signal == SIGINT) {
    // Whoever ends a job signals all of its processes; ours may arrive a moment later.
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  return true;
}

void RankWorld::wait_for_input() {
  constexpr int kLongestMilliseconds = 50;  // till an ended process or an interrupt is looked for
  std::vector<pollfd> watched;
  for (const auto& rank : ranks_) {
    for (const int descriptor : {rank->stdout_descriptor(), rank->stderr_descriptor()}) {
      if (descriptor >= 0) watched.push_back({descriptor, POLLIN, 0});
    }
  }
  ::poll(watched.data(), watched.size(), kLongestMilliseconds);
  for (const auto& rank : ranks_) rank->receive();
}

void RankWorld::stop() {
  for (const auto& rank : ranks_) rank->kill();
  ranks_.front()->receive();
  stopped_ = true;
}

RankWorld::Report RankWorld::next(Clock::time_point deadline) {
  Report report;
  while (true) {
    if (interrupted() && !stopped_) stop();
    if (take_event(report)) return report;
    if (stopped_) {
      report.kind = Report::Kind::kInterrupted;
      return report;
    }
    // First who ended, then what they said: a last report may still be in the pipe.
    const bool first_ended = ranks_.front()->ended();
    const bool died = find_dead(report);
    if (interrupted()) continue;
    ranks_.front()->receive();
    if (take_event(report)) return report;
    if (died) return report;
    if (first_ended) {
      report.kind = Report::Kind::kEnded;
      return report;
    }
    if (Clock::now() >= deadline) {
      report.kind = Report::Kind::kTimeout;
      report.reason = ranks_.front()->last_words();
      return report;
    }
    wait_for_input();
  }
}

std::filesystem::path find_rank_program(const std::filesystem::path& chosen) {
  namespace fs = std::filesystem;
  std::error_code failure;
  const fs::path program =
      chosen.empty()
          ? fs::read_symlink("/proc/self/exe", failure).parent_path() / "sextant_profile_rank"
          : chosen;
  if (fs::is_regular_file(program, failure) && ::access(program.c_str(), X_OK) == 0) {
    return fs::absolute(program);
  }
  throw_bad_input(
      fmt::format("{}: the program that measures is not there: this build has none; it "
                  "needs LibTorch (./setup --full, then preset full)",
                  program.string()));
}

}  // namespace sextant::profiler
