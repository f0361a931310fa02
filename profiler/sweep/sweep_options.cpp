#include "profiler/sweep/sweep_options.h"

#include <charconv>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::profiler {

CollectivesChoice collectives_choice_from(std::string_view name) {
  if (name == "auto") return CollectivesChoice::kAuto;
  if (name == "real") return CollectivesChoice::kReal;
  if (name == "recorded") return CollectivesChoice::kRecorded;
  throw_usage(fmt::format("--collectives {}: expected auto, real or recorded", quote(name)));
}

Shard shard_from(const std::string& text) {
  Shard shard;
  const char* const end = text.data() + text.size();
  const auto index = std::from_chars(text.data(), end, shard.index);
  bool good = index.ec == std::errc() && index.ptr != end && *index.ptr == '/';
  if (good) {
    const auto count = std::from_chars(index.ptr + 1, end, shard.count);
    good = count.ec == std::errc() && count.ptr == end;
  }
  if (!good || shard.index < 0 || shard.index >= shard.count) {
    throw_usage(fmt::format("--shard {}: expected INDEX/COUNT with 0 <= INDEX < COUNT, as in 3/8",
                            quote(text)));
  }
  return shard;
}

}  // namespace sextant::profiler
