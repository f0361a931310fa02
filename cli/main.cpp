#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "cli/commands.h"

namespace {

using sextant::nearest_name;
using sextant::quote;

/// A file that is opened while a standard descriptor is closed would get its number, and results
/// would land in it. What is closed is opened unusably: writing to it fails, as it should.
void occupy_standard_descriptors() {
  for (const int descriptor : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(descriptor, F_GETFD) < 0) {
      [[maybe_unused]] const int opened = ::open("/dev/null", O_RDONLY);
    }
  }
}

/// The subcommand that the command line reached before it went wrong.
const CLI::App& deepest_command(const CLI::App& program) {
  const CLI::App* command = &program;
  while (!command->get_subcommands().empty()) command = command->get_subcommands().back();
  return *command;
}

std::string full_name(const CLI::App& command) {
  const CLI::App* parent = command.get_parent();
  return parent == nullptr ? command.get_name() : full_name(*parent) + " " + command.get_name();
}

std::vector<std::string> option_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::Option* option : command.get_options()) {
    for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  }
  return names;
}

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands({})) names.push_back(child->get_name());
  return names;
}

/// What is wrong with the command line, in one line, with the nearest legal name where one is near.
std::string usage_message(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App& command = deepest_command(program);
  const std::string name = full_name(command);
  std::string message = error.what();
  const std::vector<std::string> unknown = program.remaining(true);
  if (!unknown.empty()) {
    const std::string& word = unknown.front();
    const bool is_option = word.rfind('-', 0) == 0;
    const std::vector<std::string> children = subcommand_names(command);
    if (is_option || children.empty()) {
      message =
          fmt::format("{} {}", is_option ? "unknown option" : "unexpected argument", quote(word));
    } else {
      message = "unknown subcommand " + quote(word);
    }
    const std::string option = word.substr(0, word.find('='));
    const std::string near = nearest_name(option, is_option ? option_names(command) : children);
    if (!near.empty()) message += fmt::format("; did you mean {}?", near);
  }
  return fmt::format("{} (see {} --help)", message, name);
}

int run(int argc, char** argv) {
  sextant::cli::Session session;
  CLI::App program(
      "Sextant plans training and serving of large models on mixed GPUs from measured profiles,\n"
      "on a machine without a GPU.",
      "sextant");
  program.set_version_flag("--version", sextant::cli::version_text(), "Version and built parts");
  program.require_subcommand(1);
  program.get_formatter()->column_width(26);
  sextant::cli::add_commands(program, session);

  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    sextant::cli::print(program.help());
    return 0;
  } catch (const CLI::CallForVersion& version) {
    sextant::cli::print(version.what());
    return 0;
  } catch (const CLI::ParseError& error) {
    sextant::throw_usage(usage_message(program, error));
  }
  if (!session.action) {
    throw sextant::Error(sextant::ErrorCode::kInternal, "the subcommand chose no action");
  }
  return session.action();
}

}  // namespace

int main(int argc, char** argv) {
  occupy_standard_descriptors();
  // A reader that went away shows as a failed write, which print() and stderr's writers handle.
  std::signal(SIGPIPE, SIG_IGN);
  try {
    return run(argc, argv);
  } catch (const sextant::cli::ClosedPipe&) {
    return 0;  // as in `sextant … | head`: the reader has what it wanted
  } catch (const sextant::Error& error) {
    std::fprintf(stderr, "sextant: error: %s\n", error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    std::fputs("sextant: internal error: out of memory\n", stderr);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "sextant: internal error: %s\n", error.what());
  }
  return 1;
}
