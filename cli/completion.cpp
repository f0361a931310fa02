#include "cli/completion.h"

#include <functional>

#include <fmt/format.h>

namespace sextant::cli {

namespace {

std::string quoted(const std::string& text) {
  return "'" + CLI::detail::find_and_replace(text, "'", "'\\''") + "'";
}

std::string first_line(const std::string& text) {
  return text.substr(0, text.find('\n'));
}

/// Calls `action` for the command and all below it.
void for_each_command(const DocumentedCommand& command,
                      const std::function<void(const DocumentedCommand&)>& action) {
  action(command);
  for (const DocumentedCommand& child : command.children) for_each_command(child, action);
}

void for_each_option(const DocumentedCommand& command,
                     const std::function<void(const DocumentedOption&)>& action) {
  for (const OptionGroup& group : command.groups) {
    for (const DocumentedOption& option : group.options) action(option);
  }
}

/// "'sextant model' | 'sextant model show'": every command that is below the program, as a pattern.
std::string subcommand_pattern(const DocumentedCommand& program) {
  std::vector<std::string> paths;
  for_each_command(program, [&](const DocumentedCommand& command) {
    if (command.path.size() > 1) paths.push_back(quoted(joined(command.path, " ")));
  });
  return joined(paths, " | ");
}

/// How a shell of the Bourne family offers the value of an option.
struct ValueOffers {
  std::function<std::string(const std::vector<std::string>& values)> one_of;
  std::string file;
  std::string directory;
  std::string other;
};

/// The cases of `case "$command $previous"`: an option that a value belongs to.
std::string value_cases(const DocumentedCommand& program, const ValueOffers& offers) {
  std::string out;
  for_each_command(program, [&](const DocumentedCommand& command) {
    for_each_option(command, [&](const DocumentedOption& option) {
      if (option.kind == ArgumentKind::kNone) return;
      std::vector<std::string> patterns;
      for (const std::string& name : option.names) {
        patterns.push_back(quoted(joined(command.path, " ") + " " + name));
      }
      const std::string offer = option.kind == ArgumentKind::kOneOf  ? offers.one_of(option.values)
                                : option.kind == ArgumentKind::kFile ? offers.file
                                : option.kind == ArgumentKind::kDirectory ? offers.directory
                                                                          : offers.other;
      out += fmt::format("    {})\n      {}\n      return\n      ;;\n", joined(patterns, " | "),
                         offer);
    });
  });
  return out;
}

/// The loop that finds out which command the words so far name.
std::string command_loop(const DocumentedCommand& program, const std::string& words) {
  const std::string pattern = subcommand_pattern(program);
  std::string out = fmt::format("  local command={}\n", program.path[0]);
  if (pattern.empty()) return out;
  return out + fmt::format(
                   "  local word\n"
                   "  for word in {}; do\n"
                   "    case \"$command $word\" in\n"
                   "      {}) command=\"$command $word\" ;;\n"
                   "    esac\n"
                   "  done\n",
                   words, pattern);
}

}  // namespace

std::string bash_completion(const DocumentedCommand& program) {
  const std::string& name = program.path[0];
  const ValueOffers offers = {
      [](const std::vector<std::string>& values) {
        return fmt::format("mapfile -t COMPREPLY < <(compgen -W {} -- \"$current\")",
                           quoted(joined(values, " ")));
      },
      ":",  // the shell's own completion of files
      "compopt -o dirnames +o default 2> /dev/null", "compopt +o default 2> /dev/null"};
  std::string words;
  for_each_command(program, [&](const DocumentedCommand& command) {
    std::vector<std::string> next;
    for (const DocumentedCommand& child : command.children) next.push_back(child.path.back());
    for (const DocumentedOption& positional : command.positionals) {
      next.insert(next.end(), positional.values.begin(), positional.values.end());
    }
    std::vector<std::string> options;
    for_each_option(command, [&](const DocumentedOption& option) {
      options.insert(options.end(), option.names.begin(), option.names.end());
    });
    words += fmt::format("    {})\n      next={}\n      options={}\n      ;;\n",
                         quoted(joined(command.path, " ")), quoted(joined(next, " ")),
                         quoted(joined(options, " ")));
  });
  return fmt::format(
      "# Completion of {0} in bash, written by: {0} --completion bash\n"
      "_{0}() {{\n"
      "  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}\n"
      "  # Three words are made of --option=value.\n"
      "  if [[ $current == '=' ]]; then\n"
      "    current=''\n"
      "  elif [[ $previous == '=' ]]; then\n"
      "    previous=${{COMP_WORDS[COMP_CWORD - 2]}}\n"
      "  fi\n"
      "{1}"
      "  case \"$command $previous\" in\n"
      "{2}"
      "  esac\n"
      "  local next='' options=''\n"
      "  case \"$command\" in\n"
      "{3}"
      "  esac\n"
      "  if [[ $current == -* ]]; then next=$options; fi\n"
      "  mapfile -t COMPREPLY < <(compgen -W \"$next\" -- \"$current\")\n"
      "}}\n"
      "complete -o default -F _{0} {0}\n",
      name, command_loop(program, "\"${COMP_WORDS[@]:1:COMP_CWORD-1}\""),
      value_cases(program, offers), words);
}

std::string zsh_completion(const DocumentedCommand& program) {
  const std::string& name = program.path[0];
  const ValueOffers offers = {[](const std::vector<std::string>& values) {
                                std::vector<std::string> words;
                                for (const std::string& value : values)
                                  words.push_back(quoted(value));
                                return "compadd -- " + joined(words, " ");
                              },
                              "_files", "_files -/", ":"};
  // An item of _describe: what it completes to, and what is said of it.
  const auto item = [](const std::string& word, const std::string& text) {
    return "        " + quoted(word + ":" + first_line(text)) + "\n";
  };
  std::string cases;
  for_each_command(program, [&](const DocumentedCommand& command) {
    std::string next;
    for (const DocumentedCommand& child : command.children) {
      next += item(child.path.back(), child.description);
    }
    for (const DocumentedOption& positional : command.positionals) {
      for (const std::string& value : positional.values) next += item(value, positional.text);
    }
    std::string options;
    for_each_option(command, [&](const DocumentedOption& option) {
      for (const std::string& one : option.names) options += item(one, option.text);
    });
    cases += fmt::format("    {})\n      next=(\n{}      )\n      options=(\n{}      )\n      ;;\n",
                         quoted(joined(command.path, " ")), next, options);
  });
  return fmt::format(
      "#compdef {0}\n"
      "# Completion of {0} in zsh, written by: {0} --completion zsh\n"
      "_{0}() {{\n"
      "  local previous=$words[CURRENT-1]\n"
      "{1}"
      "  case \"$command $previous\" in\n"
      "{2}"
      "  esac\n"
      "  local -a next options\n"
      "  case \"$command\" in\n"
      "{3}"
      "  esac\n"
      "  if [[ $PREFIX == -* ]]; then\n"
      "    _describe option options\n"
      "  elif (( $#next )); then\n"
      "    _describe command next\n"
      "  else\n"
      "    _files\n"
      "  fi\n"
      "}}\n"
      "# Autoloaded, this file is the function's body; sourced, it declares it.\n"
      "if [[ $funcstack[1] == _{0} ]]; then\n"
      "  _{0} \"$@\"\n"
      "else\n"
      "  compdef _{0} {0}\n"
      "fi\n",
      name, command_loop(program, "\"${(@)words[2,CURRENT-1]}\""), value_cases(program, offers),
      cases);
}

std::string fish_completion(const DocumentedCommand& program) {
  const std::string& name = program.path[0];
  const auto in_fish = [](std::string text) {
    text = CLI::detail::find_and_replace(text, "\\", "\\\\");
    return "'" + CLI::detail::find_and_replace(text, "'", "\\'") + "'";
  };
  std::string paths;
  std::string rules;
  for_each_command(program, [&](const DocumentedCommand& command) {
    const std::string path = joined(command.path, " ");
    if (command.path.size() > 1) paths += " " + in_fish(path);
    const std::string rule =
        fmt::format("complete -c {} -n {}", name,
                    in_fish(fmt::format("test (__{}_command) = \"{}\"", name, path)));
    for (const DocumentedCommand& child : command.children) {
      rules += fmt::format("{} -f -a {} -d {}\n", rule, in_fish(child.path.back()),
                           in_fish(first_line(child.description)));
    }
    for (const DocumentedOption& positional : command.positionals) {
      if (positional.values.empty()) continue;
      rules += fmt::format("{} -f -a {} -d {}\n", rule, in_fish(joined(positional.values, " ")),
                           in_fish(positional.text));
    }
    for_each_option(command, [&](const DocumentedOption& option) {
      std::string names;
      for (const std::string& one : option.names) {
        names += one.rfind("--", 0) == 0 ? " -l " + one.substr(2) : " -s " + one.substr(1);
      }
      std::string value;
      if (option.kind == ArgumentKind::kOneOf)
        value = " -x -a " + in_fish(joined(option.values, " "));
      if (option.kind == ArgumentKind::kFile) value = " -r -F";
      if (option.kind == ArgumentKind::kDirectory) value = " -x -a '(__fish_complete_directories)'";
      if (option.kind == ArgumentKind::kOther) value = " -x";
      rules += fmt::format("{}{}{} -d {}\n", rule, names, value, in_fish(option.text));
    });
  });
  std::string loop;
  if (!paths.empty()) {
    loop = fmt::format(
        "  for word in (commandline -opc)[2..-1]\n"
        "    if contains -- \"$command $word\"{}\n"
        "      set command \"$command $word\"\n"
        "    end\n"
        "  end\n",
        paths);
  }
  return fmt::format(
      "# Completion of {0} in fish, written by: {0} --completion fish\n"
      "function __{0}_command\n"
      "  set -l command {0}\n"
      "{1}"
      "  echo $command\n"
      "end\n"
      "{2}",
      name, loop, rules);
}

}  // namespace sextant::cli
