#include "cli/commands.h"
#include "cli/serve_parts.h"

namespace sextant::cli {

void add_serve_command(CLI::App& program, Session& session) {
  CLI::App* command = program.add_subcommand(
      "serve", "Serving on mixed GPUs: place a model's layers, simulate requests, export");
  command->require_subcommand(1);
  add_serve_place(*command, session);
  add_serve_simulate(*command, session);
  add_serve_export(*command, session);
}

}  // namespace sextant::cli
