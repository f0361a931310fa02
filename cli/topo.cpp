#include "cli/commands.h"
#include "cli/topo_parts.h"

namespace sextant::cli {

void add_topo_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "topo", "Networks of several dimensions: divide bandwidth over them, time steps on them");
  command->require_subcommand(1);
  add_topo_optimize(*command, session);
  add_topo_evaluate(*command, session);
}

}  // namespace sextant::cli
