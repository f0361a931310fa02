#include "cli/program.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <exception>
#include <fcntl.h>
#include <new>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "cli/command_tree.h"
#include "cli/commands.h"
#include "cli/completion.h"
#include "cli/manual.h"

namespace sextant::cli {

namespace {

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
    for (const std::string& name : option->get_lnames()) names.push_back(name);
  }
  return names;
}

std::vector<std::string> subcommand_names(const CLI::App& command) {
  std::vector<std::string> names;
  for (const CLI::App* child : command.get_subcommands({})) names.push_back(child->get_name());
  return names;
}

/// The parser repeats arguments as they are; control bytes in them must not reach a terminal.
std::string one_printable_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7F) {
      out += fmt::format("\\x{:02x}", byte);
    } else {
      out += c;
    }
  }
  return out;
}

/// What is wrong with the command line, in one line, with the nearest legal name where one is near.
std::string usage_message(const CLI::App& program, const CLI::ParseError& error) {
  const CLI::App& command = deepest_command(program);
  const std::string name = full_name(command);
  std::string message = one_printable_line(error.what());
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
    // Dashes would make short options look alike.
    const std::size_t dashes = std::min(word.find_first_not_of('-'), word.size());
    const std::string bare = word.substr(dashes, word.find('=', dashes) - dashes);
    const std::string near = nearest_name(bare, is_option ? option_names(command) : children);
    if (!near.empty()) message += fmt::format("; did you mean {}{}?", is_option ? "--" : "", near);
  }
  return fmt::format("{} (see {} --help)", message, name);
}

/// Thrown while the command line is parsed: what was asked for is this text, and nothing else.
struct Answer {
  std::string text;
};

std::string completion(const DocumentedCommand& command, const std::string& shell) {
  if (shell == "bash") return bash_completion(command);
  return shell == "zsh" ? zsh_completion(command) : fish_completion(command);
}

/// Manual and completion where man and the shells look for them.
void write_documentation(const DocumentedCommand& command, const std::filesystem::path& share) {
  const std::string& name = command.path[0];
  for (const ManualPage& page : manual_pages(command)) {
    write_file_atomically(share / "man" / "man1" / page.file, page.text);
  }
  write_file_atomically(share / "bash-completion" / "completions" / name, bash_completion(command));
  write_file_atomically(share / "zsh" / "site-functions" / ("_" + name), zsh_completion(command));
  write_file_atomically(share / "fish" / "vendor_completions.d" / (name + ".fish"),
                        fish_completion(command));
}

/// --completion and, for whoever makes packages, --write-documentation.
void add_documentation_options(CLI::App& program) {
  program
      .add_option_function<std::string>(
          "--completion",
          [&program](const std::string& shell) {
            throw Answer{completion(documented(program), shell)};
          },
          "Print a script that completes this command line in a shell")
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  program
      .add_option_function<std::string>(
          "--write-documentation",
          [&program](const std::string& share) {
            write_documentation(documented(program), share);
            throw Answer{};
          },
          "Write manual and completion into a share/ folder")
      ->type_name("DIR")
      ->group("");
}

int parse_and_run(CLI::App& program, int argc, char** argv, const std::function<int()>& action) {
  program.set_version_flag("--version", version_text(), "Version and built parts");
  add_documentation_options(program);
  try {
    program.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    print(program.help());
    return 0;
  } catch (const CLI::CallForVersion& version) {
    print(version.what());
    return 0;
  } catch (const Answer& answer) {
    print(answer.text);
    return 0;
  } catch (const CLI::ParseError& error) {
    throw_usage(usage_message(program, error));
  }
  return action();
}

}  // namespace

int program_main(CLI::App& program, int argc, char** argv, const std::function<int()>& action) {
  occupy_standard_descriptors();
  // A reader that went away and a file that grew over its limit show as failed writes, which are
  // handled where they happen.
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);
  const std::string name = program.get_name();
  try {
    return parse_and_run(program, argc, argv, action);
  } catch (const ClosedPipe&) {
    return 0;  // as in `sextant … | head`: the reader has what it wanted
  } catch (const Error& error) {
    std::fprintf(stderr, "%s: error: %s\n", name.c_str(), error.what());
    return error.exit_code();
  } catch (const std::bad_alloc&) {
    std::fprintf(stderr, "%s: internal error: out of memory\n", name.c_str());
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s: internal error: %s\n", name.c_str(), error.what());
  }
  return static_cast<int>(ErrorCode::kInternal);
}

}  // namespace sextant::cli
