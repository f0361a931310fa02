#pragma once

#include <string>
#include <vector>

#include <CLI/CLI.hpp>

namespace sextant::cli {

/// What may follow an option on the command line.
enum class ArgumentKind { kNone, kFile, kDirectory, kOneOf, kOther };

/// An option, or a positional argument, as --help shows it.
struct DocumentedOption {
  std::vector<std::string> names;  ///< with dashes; a positional has one, without
  std::string argument;            ///< what --help says behind the names: "FILE REQUIRED"
  std::string text;
  ArgumentKind kind = ArgumentKind::kNone;
  std::vector<std::string> values;  ///< of kOneOf: the legal ones
};

/// Options under one heading of --help.
struct OptionGroup {
  std::string name;
  std::vector<DocumentedOption> options;
};

/// A program or subcommand: all that its --help says.
struct DocumentedCommand {
  std::vector<std::string> path;  ///< "sextant", "network", "fit"
  std::string description;
  std::string usage;  ///< "sextant network fit [OPTIONS] …"
  std::vector<DocumentedOption> positionals;
  std::vector<OptionGroup> groups;
  std::string footer;
  std::vector<DocumentedCommand> children;
};

/// Reads the declarations that also parse the command line and print --help, so that manual pages
/// and completion cannot differ from them. Hidden options and subcommands are left out.
DocumentedCommand documented(const CLI::App& program);

/// The words of a path with a separator between them.
std::string joined(const std::vector<std::string>& words, const std::string& separator);

}  // namespace sextant::cli
