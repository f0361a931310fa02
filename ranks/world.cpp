#include "ranks/world.h"

#include <charconv>
#include <cstdlib>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::ranks {

namespace {

constexpr int kMostRanks = 1 << 20;
constexpr int kMostPort = 65535;

int number(const std::string& name, std::string_view text, int low, int high) {
  int value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, failure] = std::from_chars(text.data(), end, value);
  if (failure != std::errc{} || stop != end || value < low || value > high) {
    throw_usage(
        fmt::format("{} is {}; expected a number from {} to {}", name, quote(text), low, high));
  }
  return value;
}

/// What a launcher says of this process.
struct Launch {
  int process = 0;
  int processes = 1;
  int local_process = 0;
  std::string host;
  int port = 0;
  bool agent_listens = false;
  std::string prefix;
};

std::string needed(const Environment& environment, const char* name, const char* beside) {
  const auto value = environment(name);
  if (!value) throw_usage(fmt::format("{} is set, but {} is not", beside, name));
  return *value;
}

int needed_number(const Environment& environment, const char* name, const char* beside, int low) {
  return number(name, needed(environment, name, beside), low, kMostRanks);
}

Launch from_torchrun(const Environment& environment) {
  Launch launch;
  launch.process = needed_number(environment, "RANK", "RANK", 0);
  launch.processes = needed_number(environment, "WORLD_SIZE", "RANK", 1);
  const auto local = environment("LOCAL_RANK");
  launch.local_process = local ? number("LOCAL_RANK", *local, 0, kMostRanks) : 0;
  launch.host = environment("MASTER_ADDR").value_or("");
  if (const auto port = environment("MASTER_PORT")) {
    launch.port = number("MASTER_PORT", *port, 1, kMostPort);
  }
  // torch.distributed's env:// does the same: the agent has the port, and restarted workers must
  // not read what those before them wrote.
  launch.agent_listens = environment("TORCHELASTIC_USE_AGENT_STORE").value_or("") == "True";
  if (launch.agent_listens) {
    launch.prefix =
        fmt::format("sextant/{}/", environment("TORCHELASTIC_RESTART_COUNT").value_or("0"));
  }
  return launch;
}

Launch from_slurm(const Environment& environment) {
  Launch launch;
  launch.process = needed_number(environment, "SLURM_PROCID", "SLURM_PROCID", 0);
  const char* const tasks =
      environment("SLURM_STEP_NUM_TASKS") ? "SLURM_STEP_NUM_TASKS" : "SLURM_NTASKS";
  launch.processes = needed_number(environment, tasks, "SLURM_PROCID", 1);
  const auto local = environment("SLURM_LOCALID");
  launch.local_process = local ? number("SLURM_LOCALID", *local, 0, kMostRanks) : 0;
  const auto step_nodes = environment("SLURM_STEP_NODELIST");
  const auto nodes = step_nodes ? step_nodes : environment("SLURM_JOB_NODELIST");
  if (nodes) launch.host = first_host(*nodes);
  if (const auto job = environment("SLURM_JOB_ID")) {
    // Below the ports that systems hand out by themselves. Jobs and their steps that run at the
    // same time get different ones as a rule; a port in use is refused by name.
    constexpr int kFirstPort = 15000;
    constexpr int kPorts = 15000;
    constexpr int kStepStride = 101;
    const int most = (1 << 30) - 1;
    const auto step = environment("SLURM_STEP_ID");
    const std::int64_t mixed =
        number("SLURM_JOB_ID", *job, 0, most) +
        std::int64_t{kStepStride} * (step ? number("SLURM_STEP_ID", *step, 0, most) : 0);
    launch.port = kFirstPort + static_cast<int>(mixed % kPorts);
  }
  return launch;
}

void set_rendezvous(World& world, const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos || colon == 0) {
    throw_usage(fmt::format("--rendezvous {}: expected HOST:PORT", quote(text)));
  }
  world.host = text.substr(0, colon);
  // An IPv6 address stands in brackets, as in URLs.
  if (world.host.size() > 2 && world.host.front() == '[' && world.host.back() == ']') {
    world.host = world.host.substr(1, world.host.size() - 2);
  }
  world.port = static_cast<std::uint16_t>(
      number("the port of --rendezvous", std::string_view(text).substr(colon + 1), 1, kMostPort));
  world.agent_listens = false;
  world.prefix.clear();
}

}  // namespace

std::optional<std::string> environment_variable(const char* name) {
  const char* const value = std::getenv(name);
  return value == nullptr ? std::nullopt : std::optional<std::string>(value);
}

std::string first_host(const std::string& node_list) {
  const std::size_t bracket = node_list.find_first_of("[,");
  if (bracket == std::string::npos || node_list[bracket] == ',') {
    return node_list.substr(0, bracket);
  }
  const std::size_t end = node_list.find_first_of("-,]", bracket);
  const std::string first = node_list.substr(bracket + 1, end - bracket - 1);
  // Something may stand behind the brackets, "rack[1-2]-a".
  const std::size_t close = std::min(node_list.find(']', bracket), node_list.size() - 1);
  const std::size_t next = std::min(node_list.find(',', close), node_list.size());
  return node_list.substr(0, bracket) + first + node_list.substr(close + 1, next - close - 1);
}

World find_world(const MeetingOptions& options, const Environment& environment,
                 int default_local_ranks) {
  World world;
  std::optional<Launch> launch;
  if (environment("RANK")) {
    launch = from_torchrun(environment);
  } else if (environment("SLURM_PROCID")) {
    launch = from_slurm(environment);
  }
  const int otherwise = launch ? 1 : default_local_ranks;
  world.local_ranks = options.local_ranks > 0 ? options.local_ranks : otherwise;
  world.size = world.local_ranks;
  if (launch) {
    world.size = launch->processes * world.local_ranks;
    world.first_rank = launch->process * world.local_ranks;
    world.first_device = launch->local_process * world.local_ranks;
    world.host = launch->host;
    world.port = static_cast<std::uint16_t>(launch->port);
    world.agent_listens = launch->agent_listens;
    world.prefix = launch->prefix;
  }
  if (options.world_size > 0) world.size = options.world_size;
  if (options.first_rank >= 0) world.first_rank = options.first_rank;
  if (!options.rendezvous.empty()) set_rendezvous(world, options.rendezvous);
  if (world.first_rank + world.local_ranks > world.size) {
    throw_usage(fmt::format("ranks {} to {} do not belong to a world of {}", world.first_rank,
                            world.first_rank + world.local_ranks - 1, world.size));
  }
  const bool alone = world.local_ranks == world.size;
  if (!alone && (world.host.empty() || world.port == 0)) {
    throw_usage(
        fmt::format("this process has {} of {} ranks: where do they meet? Give --rendezvous "
                    "HOST:PORT, or MASTER_ADDR and MASTER_PORT",
                    world.local_ranks, world.size));
  }
  if (alone && options.rendezvous.empty() && !world.agent_listens) {
    world.host = "127.0.0.1";
    world.port = 0;
  }
  return world;
}

}  // namespace sextant::ranks
