#pragma once

#include <functional>
#include <string>

#include <CLI/CLI.hpp>

namespace sextant::cli {

/// What every subcommand shares: global flags, and the action that the parsed command line chose.
struct Session {
  bool json = false;            ///< print exactly one JSON document on stdout
  bool timing = true;           ///< false: leave out what was timed
  std::string artifact;         ///< --artifact DIR, "" where not given
  std::string data_dir;         ///< shipped profiles/; found by data_directory()
  std::function<int()> action;  ///< set by the subcommand's callback; returns the exit code
};

/// Declares every subcommand on the program, in the order of --help.
void add_commands(CLI::App& program, Session& session);

/// Declares subcommands on the program; one function a file.
void add_model_command(CLI::App& program, Session& session);
void add_profile_command(CLI::App& program, Session& session);
void add_network_command(CLI::App& program, Session& session);
void add_cluster_command(CLI::App& program, Session& session);
void add_simulate_command(CLI::App& program, Session& session);
void add_plan_command(CLI::App& program, Session& session);
void add_topo_command(CLI::App& program, Session& session);
void add_serve_command(CLI::App& program, Session& session);
void add_measured_command(CLI::App& program, Session& session);
void add_validate_command(CLI::App& program, Session& session);
void add_calibrate_command(CLI::App& program, Session& session);
void add_reproduce_command(CLI::App& program, Session& session);
void add_launch_command(CLI::App& program, Session& session);
void add_report_command(CLI::App& program, Session& session);
void add_doctor_command(CLI::App& program, Session& session);

/// Adds --json, --no-timing and --artifact to a subcommand.
void add_common_options(CLI::App& command, Session& session);

/// Thrown by print where the reader of stdout is gone, as in `sextant … | head`: the program then
/// ends quietly with exit code 0.
struct ClosedPipe {};

/// Writes all of the text to stdout. Throws ClosedPipe, or Error(kBadInput) where stdout cannot
/// take it (full disk, closed descriptor): a result that nobody received is no success.
void print(const std::string& text);

/// What --version prints: the version, how it was built and which optional parts are in.
std::string version_text();

}  // namespace sextant::cli
