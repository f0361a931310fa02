#include "analyzer/core/interrupt.h"

#include <csignal>

namespace sextant {

namespace {

volatile std::sig_atomic_t interrupt_requested = 0;

extern "C" void request_interrupt(int) {
  interrupt_requested = 1;
}

}  // namespace

void handle_interrupts() {
  struct sigaction action {};
  action.sa_handler = request_interrupt;
  ::sigemptyset(&action.sa_mask);
  action.sa_flags = SA_RESTART;
  ::sigaction(SIGINT, &action, nullptr);
  ::sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() noexcept {
  return interrupt_requested != 0;
}

}  // namespace sextant
