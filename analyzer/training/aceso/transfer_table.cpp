#include "analyzer/training/aceso/transfer_table.h"

#include <algorithm>
#include <cmath>
#include <string>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/training/aceso/operators.h"
#include "analyzer/training/aceso/published_files.h"

namespace sextant::aceso {

namespace {

constexpr int kSizes = 11;  ///< 1 … 1024 MB
constexpr double kBytesPerGb = 1e9;
/// As the published code has it: 1 GB/s is 0.001 MB a microsecond, whatever a MB.
constexpr double kMbPerUsOfGbPerS = 0.001;

}  // namespace

TransferTable::TransferTable(std::vector<double> gb_per_s) : gb_per_s_(std::move(gb_per_s)) {
  if (gb_per_s_.empty()) throw Error(ErrorCode::kInternal, "a link without bandwidths");
}

TransferTable TransferTable::read(const std::filesystem::path& path) {
  const std::vector<CsvLine> lines = read_csv(path);
  if (lines.size() != 2) {
    throw_bad_input(
        fmt::format("{}: expected a line of sizes and a line of bandwidths in GB/s, found {} lines",
                    path.string(), lines.size()));
  }
  std::vector<double> gb_per_s;
  for (std::size_t c = 0; c < lines[1].fields.size(); ++c) {
    const double value = lines[1].number(path, c);
    if (!(value > 0)) {
      throw_bad_input(fmt::format("{}:{}: expected bandwidths > 0 GB/s, found {}", path.string(),
                                  lines[1].line, value));
    }
    gb_per_s.push_back(value);
  }
  return TransferTable(std::move(gb_per_s));
}

TransferTable TransferTable::of(const LinkModel& link) {
  std::vector<double> gb_per_s;
  for (int power = 0; power < kSizes; ++power) {
    const double bytes = std::ldexp(kBytesPerMb, power);
    const double seconds = link.transfer_s(bytes);
    if (!(seconds > 0) || !std::isfinite(seconds)) {
      throw_bad_input(fmt::format(
          "aceso: the network's link takes {} s for {} MiB: its model is used outside its range",
          seconds, 1 << power));
    }
    gb_per_s.push_back(bytes / seconds / kBytesPerGb);
  }
  return TransferTable(std::move(gb_per_s));
}

double TransferTable::transfer_us(double mb) const {
  if (!(mb > 0)) return 0;
  int entry = static_cast<int>(std::log2(mb));
  if (entry >= 1) --entry;
  const int entries = static_cast<int>(gb_per_s_.size());
  if (entry < 0) entry += entries;
  entry = std::clamp(entry, 0, entries - 1);
  return mb / (gb_per_s_[static_cast<std::size_t>(entry)] * kMbPerUsOfGbPerS);
}

}  // namespace sextant::aceso
