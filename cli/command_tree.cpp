#include "cli/command_tree.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace sextant::cli {

namespace {

std::string trimmed(const std::string& text) {
  const std::size_t first = text.find_first_not_of(" \n");
  if (first == std::string::npos) return "";
  return text.substr(first, text.find_last_not_of(" \n") - first + 1);
}

/// The legal values of an option that the parser holds to some: its type reads "TEXT:{a,b}".
std::vector<std::string> listed_values(const std::string& type) {
  const std::size_t open = type.find('{');
  const std::size_t close = type.find('}', open);
  if (open == std::string::npos || close == std::string::npos) return {};
  return CLI::detail::split(type.substr(open + 1, close - open - 1), ',');
}

ArgumentKind kind_of(const CLI::Option& option) {
  if (option.get_type_size() == 0) return ArgumentKind::kNone;
  const std::string type = option.get_type_name();
  if (!listed_values(type).empty()) return ArgumentKind::kOneOf;
  if (type.rfind("DIR", 0) == 0) return ArgumentKind::kDirectory;
  for (const char* word : {"FILE", "PATH"}) {
    if (type.find(word) != std::string::npos) return ArgumentKind::kFile;
  }
  return ArgumentKind::kOther;
}

DocumentedOption documented(const CLI::Option& option, const CLI::Formatter& help) {
  DocumentedOption out;
  if (option.get_positional()) {
    out.names = {option.get_name(true, false)};
  } else {
    for (const std::string& name : option.get_snames()) out.names.push_back("-" + name);
    for (const std::string& name : option.get_lnames()) out.names.push_back("--" + name);
  }
  out.argument = trimmed(help.make_option_opts(&option));
  out.text = help.make_option_desc(&option);
  out.kind = kind_of(option);
  if (out.kind == ArgumentKind::kOneOf) out.values = listed_values(option.get_type_name());
  return out;
}

DocumentedCommand documented(const CLI::App& app, std::vector<std::string> path) {
  const CLI::Formatter help;
  DocumentedCommand out;
  path.push_back(app.get_name());
  out.path = path;
  out.description = trimmed(app.get_description());
  const std::string usage = help.make_usage(&app, joined(path, " "));
  out.usage = trimmed(usage.substr(usage.find(':') + 1));
  out.footer = trimmed(app.get_footer());
  for (const std::string& name : app.get_groups()) {
    if (name.empty()) continue;
    OptionGroup group = {name, {}};
    for (const CLI::Option* option :
         app.get_options([&name](const CLI::Option* one) { return one->get_group() == name; })) {
      std::vector<DocumentedOption>& list =
          option->get_positional() ? out.positionals : group.options;
      list.push_back(documented(*option, help));
    }
    if (!group.options.empty()) out.groups.push_back(std::move(group));
  }
  for (const CLI::App* child : app.get_subcommands({})) {
    if (!child->get_group().empty()) out.children.push_back(documented(*child, path));
  }
  return out;
}

}  // namespace

DocumentedCommand documented(const CLI::App& program) {
  return documented(program, {});
}

std::string joined(const std::vector<std::string>& words, const std::string& separator) {
  return fmt::format("{}", fmt::join(words, separator));
}

}  // namespace sextant::cli
