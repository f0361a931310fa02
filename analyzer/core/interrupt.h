#pragma once

namespace sextant {

/// From now on SIGINT and SIGTERM ask for an orderly end instead of ending the process: long work
/// polls `interrupted()`, keeps what is finished and returns. A second signal is the same request,
/// never a loss of results; SIGKILL remains.
void handle_interrupts();

/// Whether an orderly end was asked for.
bool interrupted() noexcept;

}  // namespace sextant
