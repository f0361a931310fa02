#include "analyzer/report/html/html_page.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/report/html/page_resources.h"
#include "analyzer/report/svg_frame.h"
#include "analyzer/report/svg_text.h"

namespace sextant {

namespace {

/// A picture without the style that the page has once for all.
std::string without_style(std::string_view svg) {
  std::string text(svg);
  if (const std::size_t at = text.find(chart_style()); at != std::string::npos) {
    text.erase(at, chart_style().size());
  }
  return text;
}

/// "820px" of <svg … width="820" …>; "60rem" where it does not say.
std::string natural_width(std::string_view svg) {
  constexpr std::string_view kWidth = " width=\"";
  const std::size_t at = svg.substr(0, svg.find('>')).find(kWidth);
  if (at == std::string_view::npos) return "60rem";
  const std::string_view digits = svg.substr(at + kWidth.size());
  return fmt::format("{}px", digits.substr(0, digits.find_first_not_of("0123456789")));
}

void replace_all(std::string& text, std::string_view what, std::string_view by) {
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += by.size()) {
    text.replace(at, what.size(), by);
  }
}

/// Ids of patterns and clips hold for a whole page: those of each picture get a number before them.
/// Names cannot be meant, since text has no quotation marks left.
std::string with_own_ids(std::string_view html) {
  std::string out;
  for (int picture = 0;; ++picture) {
    const std::size_t begin = html.find("<svg ");
    if (begin == std::string_view::npos) return out.append(html);
    const std::size_t end = std::min(html.find("</svg>", begin), html.size());
    std::string svg(html.substr(begin, end - begin));
    replace_all(svg, " id=\"", fmt::format(" id=\"p{}-", picture));
    replace_all(svg, "=\"url(#", fmt::format("=\"url(#p{}-", picture));
    out.append(html.substr(0, begin)).append(svg);
    html.remove_prefix(end);
  }
}

/// The charts' style, which paper does not darken: without the element's name.
std::string page_chart_style() {
  std::string text(chart_style().substr(std::string_view("<style>").size()));
  replace_all(text, "@media (prefers-color-scheme", "@media screen and (prefers-color-scheme");
  return text;
}

std::string evidence_badge(const std::string& evidence) {
  if (evidence.empty()) return "";
  return fmt::format(" <span class=\"evidence {0}\">{0}</span>", escape_xml(evidence));
}

/// Only what is on the page itself: nothing is fetched, and no script runs but ours, so that even
/// markup that slipped through would do nothing.
std::string content_security_policy() {
  return fmt::format(
      "default-src 'none'; style-src 'unsafe-inline'; script-src '{}'; img-src data:",
      page_script_hash());
}

}  // namespace

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
      "<figure class=\"table\" data-name=\"{0}\"><figcaption><span class=\"name\">{0}</span>"
      "</figcaption><div class=\"scroll\"><table><thead><tr>",
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
                           row[c].value && std::isfinite(*row[c].value)
                               ? fmt::format(" data-value=\"{}\"", *row[c].value)
                               : "",
                           escape_xml(row[c].text));
    }
    html_ += "</tr>\n";
  }
  html_ += "</tbody></table></div></figure>\n";
}

void HtmlSection::figure(std::string_view name, std::string_view svg) {
  html_ += fmt::format(
      "<figure class=\"plot\" data-name=\"{0}\" style=\"--natural:{1}\"><figcaption>"
      "<span class=\"name\">{0}</span></figcaption><div class=\"scroll\" tabindex=\"0\" "
      "role=\"group\" aria-label=\"{0}\">{2}</div></figure>\n",
      escape_xml(name), natural_width(svg), without_style(svg));
}

void HtmlSection::drawn(std::string_view name, std::string_view kind, const OrderedJson& data) {
  std::string text = data.dump(-1, ' ', false, OrderedJson::error_handler_t::replace);
  replace_all(text, "<", "\\u003c");  // which JSON allows, and which cannot end the element early
  html_ += fmt::format(
      "<figure class=\"plot drawn\" data-name=\"{0}\" data-kind=\"{1}\"><figcaption>"
      "<span class=\"name\">{0}</span></figcaption><noscript><p>This picture is drawn by a script "
      "of this page, which the browser does not run.</p></noscript>"
      "<script type=\"application/json\">{2}</script></figure>\n",
      escape_xml(name), escape_xml(kind), text);
}

std::string html_page(std::string_view title, const std::vector<HtmlSection>& sections) {
  std::string contents, body;
  for (std::size_t i = 0; i < sections.size(); ++i) {
    const HtmlSection& section = sections[i];
    contents += fmt::format("<li><a href=\"#s{}\">{}</a></li>\n", i, escape_xml(section.title()));
    body +=
        fmt::format("<section id=\"s{}\"><h2>{}</h2>\n<p class=\"source\">{}{}</p>\n{}</section>\n",
                    i, escape_xml(section.title()), escape_xml(section.source_file()),
                    evidence_badge(section.evidence()), section.html());
  }
  if (sections.size() > 1) {
    contents = fmt::format("<nav aria-label=\"Contents\"><ol>\n{}</ol></nav>", contents);
  } else {
    contents.clear();
  }
  // The icon: browsers would ask for one.
  return fmt::format(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"{}\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light dark\">\n<link rel=\"icon\" href=\"data:,\">\n"
      "<title>{}</title>\n<style>\n{}</style>\n<style id=\"chart-style\">{}"
      "</head>\n<body>\n<header><h1>{}</h1>{}</header>\n<main>\n{}</main>\n"
      "<script>{}</script>\n</body>\n</html>\n",
      content_security_policy(), escape_xml(title), page_style(), page_chart_style(),
      escape_xml(title), contents, with_own_ids(body), page_script());
}

}  // namespace sextant
