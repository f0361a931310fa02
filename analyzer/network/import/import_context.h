#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "analyzer/network/communication_op.h"
#include "analyzer/network/link_level.h"

namespace sextant {

/// What the reader of a foreign file knows of the measurement and the file may not say. What is
/// given here must not contradict what the file does say.
struct ImportContext {
  std::optional<CommunicationOp> op;
  std::optional<int> world_size;
  /// By default from the ranks' hosts; between_zones where zones are given.
  std::optional<LinkLevel> level;
  std::string gpu;  ///< type of all ranks; "" = as `gpu_type_of` tells
  std::string from_zone;
  std::string to_zone;
  std::string interconnect;  ///< for people and for `compare`, "8 x NDR"
  /// The GPU type that a driver's name of a device means, "" where none does. May be empty.
  std::function<std::string(std::string_view)> gpu_type_of;
};

}  // namespace sextant
