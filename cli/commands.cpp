#include "cli/commands.h"

namespace sextant::cli {

void add_commands(CLI::App& program, Session& session) {
  add_model_command(program, session);
  add_profile_command(program, session);
  add_network_command(program, session);
  add_cluster_command(program, session);
  add_simulate_command(program, session);
  add_plan_command(program, session);
  add_launch_command(program, session);
  add_topo_command(program, session);
  add_serve_command(program, session);
  add_measured_command(program, session);
  add_validate_command(program, session);
  add_calibrate_command(program, session);
  add_reproduce_command(program, session);
  add_report_command(program, session);
  add_doctor_command(program, session);
}

}  // namespace sextant::cli
