#include <CLI/CLI.hpp>

#include "analyzer/core/error.h"
#include "cli/commands.h"
#include "cli/program.h"

int main(int argc, char** argv) {
  sextant::cli::Session session;
  CLI::App program(
      "Sextant plans the training of large models on mixed GPUs from measured profiles,\n"
      "on a machine without a GPU.",
      "sextant");
  program.require_subcommand(1);
  program.get_formatter()->column_width(26);
  sextant::cli::add_commands(program, session);
  return sextant::cli::program_main(program, argc, argv, [&session] {
    if (!session.action) {
      throw sextant::Error(sextant::ErrorCode::kInternal, "the subcommand chose no action");
    }
    return session.action();
  });
}
