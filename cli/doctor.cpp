#include "cli/commands.h"

namespace sextant::cli {

void add_doctor_command(CLI::App& program, Session& session) {
  CLI::App* command =
      program.add_subcommand("doctor", "What this machine can run, and what is missing");
  add_common_options(*command, session);
  command->callback([&session] {
    session.action = [] {
      print("ok\n");
      return 0;
    };
  });
}

}  // namespace sextant::cli
