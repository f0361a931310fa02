#include "cli/manual.h"

#include <algorithm>
#include <cctype>

#include <fmt/format.h>

#include "analyzer/core/utf8.h"

namespace sextant::cli {

namespace {

/// The code point of a valid UTF-8 sequence.
unsigned code_point(std::string_view sequence) {
  if (sequence.size() == 1) return static_cast<unsigned char>(sequence[0]);
  unsigned code = static_cast<unsigned char>(sequence[0]) & (0xFFu >> (sequence.size() + 1));
  for (const char byte : sequence.substr(1)) {
    code = code << 6 | (static_cast<unsigned char>(byte) & 0x3Fu);
  }
  return code;
}

/// Text that roff prints as it is. A minus is one that can be copied into a shell.
std::string escaped(std::string_view text) {
  std::string out;
  bool line_begins = true;
  while (!text.empty()) {
    const std::size_t length = std::max<std::size_t>(utf8_length(text), 1);
    const char c = text[0];
    // A line that begins with these is a request.
    if (line_begins && (c == '.' || c == '\'')) out += "\\&";
    line_begins = c == '\n';
    if (length > 1) {
      out += fmt::format("\\[u{:04X}]", code_point(text.substr(0, length)));
    } else if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
    text.remove_prefix(length);
  }
  return out;
}

/// In one line: roff breaks lines itself.
std::string one_line(std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  return escaped(text);
}

std::string upper(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

std::string page_name(const DocumentedCommand& command) {
  return joined(command.path, "-");
}

std::string entry(const DocumentedOption& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.names) names.push_back("\\fB" + escaped(name) + "\\fR");
  return fmt::format(".TP\n{}{}{}\n{}\n", joined(names, ", "), option.argument.empty() ? "" : " ",
                     one_line(option.argument), one_line(option.text));
}

std::string page_text(const DocumentedCommand& command, const std::string& parent) {
  std::string out = fmt::format(
      ".\\\" Written by {} from what also prints its --help.\n"
      ".TH \"{}\" 1 \"\" \"Sextant {}\" \"Sextant\"\n"
      ".nh\n.ad l\n",
      command.path[0], escaped(upper(page_name(command))), SEXTANT_VERSION);
  std::string summary = command.description;
  if (!summary.empty() && summary.back() == '.') summary.pop_back();
  out += fmt::format(".SH NAME\n{} \\- {}\n", escaped(page_name(command)), one_line(summary));
  out += fmt::format(".SH SYNOPSIS\n\\fB{}\\fR{}\n", escaped(joined(command.path, " ")),
                     escaped(command.usage.substr(joined(command.path, " ").size())));
  if (!command.positionals.empty()) out += ".SH ARGUMENTS\n";
  for (const DocumentedOption& option : command.positionals) out += entry(option);
  for (const OptionGroup& group : command.groups) {
    out += fmt::format(".SH {}\n", escaped(upper(group.name)));
    for (const DocumentedOption& option : group.options) out += entry(option);
  }
  if (!command.children.empty()) out += ".SH COMMANDS\n";
  for (const DocumentedCommand& child : command.children) {
    out += fmt::format(".TP\n\\fB{}\\fR\n{}\n", escaped(child.path.back()),
                       one_line(child.description));
  }
  if (!command.footer.empty()) {
    out += fmt::format(".SH NOTES\n.nf\n{}\n.fi\n", escaped(command.footer));
  }
  std::vector<std::string> related;
  if (!parent.empty()) related.push_back(fmt::format("\\fB{}\\fR(1)", escaped(parent)));
  for (const DocumentedCommand& child : command.children) {
    related.push_back(fmt::format("\\fB{}\\fR(1)", escaped(page_name(child))));
  }
  if (!related.empty()) out += fmt::format(".SH SEE ALSO\n{}\n", joined(related, ",\n"));
  return out;
}

void add_pages(const DocumentedCommand& command, const std::string& parent,
               std::vector<ManualPage>& pages) {
  pages.push_back({page_name(command) + ".1", page_text(command, parent)});
  for (const DocumentedCommand& child : command.children) {
    add_pages(child, page_name(command), pages);
  }
}

}  // namespace

std::vector<ManualPage> manual_pages(const DocumentedCommand& program) {
  std::vector<ManualPage> pages;
  add_pages(program, "", pages);
  return pages;
}

}  // namespace sextant::cli
