#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace sextant::ranks {

/// What the command line says of the ranks; zero, -1 and empty leave it to the launcher.
struct MeetingOptions {
  std::string rendezvous;  ///< "host:port"
  int world_size = 0;
  int first_rank = -1;
  int local_ranks = 0;
};

/// Which ranks this process is, and where it meets the others.
struct World {
  std::string host;        ///< where rank 0 listens
  std::uint16_t port = 0;  ///< 0: any free one, since nobody else has to know it
  int size = 1;
  int first_rank = 0;    ///< of this process
  int local_ranks = 1;   ///< of this process
  int first_device = 0;  ///< of this machine, for this process' first rank
  /// torchrun's agent listens at host:port, and no rank does.
  bool agent_listens = false;
  std::string prefix;  ///< what the agent's visitors write before their keys
};

/// An environment variable; nothing where it is not set.
using Environment = std::function<std::optional<std::string>(const char* name)>;
/// The process' own.
std::optional<std::string> environment_variable(const char* name);

/// From torchrun's variables, Slurm's, or the options, which override both. Under a launcher a
/// process has --local-ranks ranks (by default 1); without one by default `default_local_ranks`.
/// Throws Error(kUsage) on what is missing or contradicts itself.
World find_world(const MeetingOptions& options, const Environment& environment,
                 int default_local_ranks);

/// The first host of a Slurm node list: "a[07-09,11],b" -> "a07".
std::string first_host(const std::string& node_list);

}  // namespace sextant::ranks
