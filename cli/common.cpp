#include <cerrno>
#include <cstring>
#include <poll.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/git_revision.h"
#include "cli/commands.h"

namespace sextant::cli {

std::string version_text() {
  return fmt::format("sextant {}\nrevision: {}\n{}", SEXTANT_VERSION, git_revision(),
                     SEXTANT_BUILT_PARTS);
}

void add_common_options(CLI::App& command, Session& session) {
  command.add_flag("--json", session.json, "Print one JSON document");
  command.add_flag_callback(
      "--no-timing", [&session] { session.timing = false; },
      "Leave out what was timed, so that equal inputs give equal bytes");
  command
      .add_option("--artifact", session.artifact,
                  "Directory of published profiles, networks, prices and configurations")
      ->type_name("DIR");
}

void print(const std::string& text) {
  const char* next = text.data();
  std::size_t left = text.size();
  while (left > 0) {
    const ssize_t put = ::write(STDOUT_FILENO, next, left);
    if (put >= 0) {
      next += put;
      left -= static_cast<std::size_t>(put);
    } else if (errno == EPIPE) {
      throw ClosedPipe();
    } else if (errno == EAGAIN) {  // somebody made the terminal or pipe non-blocking
      pollfd ready{STDOUT_FILENO, POLLOUT, 0};
      ::poll(&ready, 1, -1);
    } else if (errno != EINTR) {
      throw_bad_input(std::string("stdout cannot be written: ") + std::strerror(errno));
    }
  }
}

}  // namespace sextant::cli
