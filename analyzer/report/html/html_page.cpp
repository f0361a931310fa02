#include "analyzer/report/html/html_page.h"

#include <fmt/format.h>

#include "analyzer/report/html/page_resources.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

HtmlSection::HtmlSection(std::string title, std::string source_file, std::string evidence)
    : title_(std::move(title)),
      source_file_(std::move(source_file)),
      evidence_(std::move(evidence)) {}

void HtmlSection::heading(std::string_view text) {
  html_ += fmt::format("<h3>{}</h3>\n", escape_xml(text));
}

void HtmlSection::paragraph(std::string_view text) {
  html_ += fmt::format("<p>{}</p>\n", escape_xml(text));
}

void HtmlSection::warning(std::string_view text) {
  html_ += fmt::format("<p class=\"warning\">{}</p>\n", escape_xml(text));
}

void HtmlSection::facts(const std::vector<std::pair<std::string, std::string>>& facts) {
  html_ += "<dl class=\"facts\">\n";
  for (const auto& [label, value] : facts) {
    html_ +=
        fmt::format("<div><dt>{}</dt><dd>{}</dd></div>\n", escape_xml(label), escape_xml(value));
  }
  html_ += "</dl>\n";
}

void HtmlSection::table(const HtmlTable& table) {
  html_ += fmt::format(
      "<figure class=\"table\" data-name=\"{0}\"><figcaption>{0}</figcaption>"
      "<div class=\"scroll\"><table><thead><tr>",
      escape_xml(table.name));
  for (const HtmlTable::Column& column : table.columns) {
    html_ += fmt::format("<th scope=\"col\"{}>{}</th>", column.numbers ? " class=\"number\"" : "",
                         escape_xml(column.name));
  }
  html_ += "</tr></thead><tbody>\n";
  for (const auto& row : table.rows) {
    html_ += "<tr>";
    for (std::size_t c = 0; c < row.size(); ++c) {
      html_ += fmt::format("<td{}{}>{}</td>", table.columns[c].numbers ? " class=\"number\"" : "",
                           row[c].value ? fmt::format(" data-value=\"{}\"", *row[c].value) : "",
                           escape_xml(row[c].text));
    }
    html_ += "</tr>\n";
  }
  html_ += "</tbody></table></div></figure>\n";
}

void HtmlSection::figure(std::string_view name, std::string_view svg) {
  html_ += fmt::format(
      "<figure class=\"plot\" data-name=\"{}\"><div class=\"scroll\">{}</div></figure>\n",
      escape_xml(name), svg);
}

void HtmlSection::drawn(std::string_view name, std::string_view kind, const OrderedJson& data) {
  // "<" can end the element early; JSON may write it as an escape.
  std::string text = data.dump();
  for (std::size_t at = 0; (at = text.find('<', at)) != std::string::npos; at += 6) {
    text.replace(at, 1, "\\u003c");
  }
  html_ += fmt::format(
      "<figure class=\"plot drawn\" data-name=\"{}\" data-kind=\"{}\">"
      "<script type=\"application/json\">{}</script></figure>\n",
      escape_xml(name), escape_xml(kind), text);
}

std::string html_page(std::string_view title, const std::vector<HtmlSection>& sections) {
  std::string contents, body;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const HtmlSection& section = sections[i];
    contents += fmt::format("<li><a href=\"#s{}\">{}</a></li>\n", i, escape_xml(section.title()));
    body += fmt::format(
        "<section id=\"s{}\"><h2>{}</h2>\n<p class=\"source\">{}{}</p>\n{}</section>\n", i,
        escape_xml(section.title()), escape_xml(section.source_file()),
        section.evidence().empty()
            ? ""
            : fmt::format(" <span class=\"evidence\">{}</span>", escape_xml(section.evidence())),
        section.html());
  }
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>{}</title>\n<style>\n{}</style>\n"
      "</head>\n<body>\n<header><h1>{}</h1><nav><ul>\n{}</ul></nav></header>\n<main>\n{}</main>\n"
      "<script>\n{}</script>\n</body>\n</html>\n",
      escape_xml(title), page_style(), escape_xml(title), contents, body, page_script());
}

}  // namespace sextant
