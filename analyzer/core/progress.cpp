#include "analyzer/core/progress.h"

#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/table.h"

namespace sextant {

Progress::Progress(std::string title, std::size_t total, bool enabled)
    : title_(std::move(title)),
      total_(total),
      enabled_(enabled),
      terminal_(::isatty(STDERR_FILENO) == 1),
      start_(Clock::now()),
      last_draw_(start_ - std::chrono::hours(1)) {}

Progress::~Progress() {
  if (drawn_) std::fputs("\r\x1b[K", stderr);
}

void Progress::update(std::size_t done, const std::string& what) {
  if (!enabled_) return;
  const std::string count =
      total_ > 0 ? fmt::format("{}/{}", done, total_) : fmt::format("{}", done);
  if (!terminal_) {
    fmt::print(stderr, "{}: {} {}\n", title_, count, what);
    return;
  }
  const auto now = Clock::now();
  if (now - last_draw_ < std::chrono::milliseconds(100) && done != total_) return;
  last_draw_ = now;
  std::string left;
  if (total_ > 0 && done > 0) {
    const double elapsed = std::chrono::duration<double>(now - start_).count();
    left = fmt::format(", {} left", format_seconds(elapsed / static_cast<double>(done) *
                                                   static_cast<double>(total_ - done)));
  }
  fmt::print(stderr, "\r\x1b[K{}: {}{} {}", title_, count, left, what);
  std::fflush(stderr);
  drawn_ = true;
}

}  // namespace sextant
