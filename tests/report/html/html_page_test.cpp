#include "analyzer/report/html/html_page.h"

#include <limits>
#include <regex>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/report/bar_chart.h"
#include "analyzer/report/box_plot.h"
#include "analyzer/report/html/page_resources.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

constexpr const char* kHostile = "</script><img src=x onerror=alert(1)>\"'&";

std::size_t count(const std::string& text, const std::string& what) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += what.size()) {
    ++found;
  }
  return found;
}

BoxPlot published_boxes(const std::string& name) {
  return {.title = name,
          .y_label = "seconds",
          .evidence = "replayed",
          .caption = "",
          .boxes = {{name, {{1, ""}, {2, ""}, {3, ""}}, "", true}}};
}

HtmlSection section_of_everything(const std::string& name) {
  HtmlSection section(name, name, name);
  section.heading(name);
  section.paragraph(name);
  section.warning(name);
  section.facts({{name, name}});
  section.table({name, {{name}, {name, true}}, {{{name}, {name, 1.5}}}});
  section.figure(name, svg(published_boxes(name)));
  section.drawn(name, name, {{name, name}});
  return section;
}

TEST(HtmlPage, KeepsNamesText) {
  const std::string page = html_page(kHostile, {section_of_everything(kHostile)});
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  // The style sheet's and the program's own elements end, and those of the data.
  EXPECT_EQ(count(page, "</script"), 2U);
  EXPECT_THAT(page, HasSubstr("<title>&lt;/script&gt;&lt;img src=x onerror=alert(1)&gt;"));
  EXPECT_THAT(page, HasSubstr("{\"\\u003c/script>\\u003cimg src=x onerror=alert(1)>\\\"'&\":"));
}

TEST(HtmlPage, ReplacesWhatIsNoText) {
  HtmlSection section("a", "b", "");
  section.drawn("c", "d", {{"name", "\xff"}});
  section.paragraph("\xff");
  EXPECT_EQ(count(html_page("t", {section}), "\xEF\xBF\xBD"), 2U);
}

TEST(HtmlPage, FetchesNothing) {
  const std::string page = html_page("t", {section_of_everything("a")});
  // A namespace is a name; nobody asks for it.
  const std::string without =
      std::regex_replace(page, std::regex("http://www\\.w3\\.org/2000/svg"), "");
  EXPECT_THAT(without, Not(HasSubstr("http:")));
  EXPECT_THAT(without, Not(HasSubstr("https:")));
  EXPECT_THAT(without, Not(HasSubstr("src=")));
  EXPECT_THAT(without, Not(HasSubstr("@import")));
  EXPECT_THAT(page, HasSubstr("<link rel=\"icon\" href=\"data:,\">"));
  EXPECT_THAT(page,
              HasSubstr("default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-"));
}

// What `openssl dgst -sha256 -binary | base64` says: 43 digits and one to fill.
TEST(HtmlPage, AllowsItsOwnScriptAlone) {
  EXPECT_TRUE(std::regex_match(page_script_hash(), std::regex("sha256-[A-Za-z0-9+/]{43}=")))
      << page_script_hash();
  const std::string page = html_page("t", {});
  EXPECT_THAT(page, HasSubstr("<script>" + std::string(page_script()) + "</script>"));
  EXPECT_EQ(page_script().find("</script"), std::string_view::npos);
  EXPECT_EQ(page_script().find("<!--"), std::string_view::npos);
}

TEST(HtmlPage, HasIdsAndStyleOnce) {
  HtmlSection section("a", "b", "");
  section.figure("one", svg(published_boxes("one")));
  section.figure("two", svg(published_boxes("two")));
  const std::string page = html_page("t", {section, section});
  EXPECT_EQ(count(page, ".sx-back{"), 2U);  // by light and by dark
  for (const std::string picture : {"p0-", "p1-", "p2-", "p3-"}) {
    EXPECT_EQ(count(page, " id=\"" + picture + "sx-hatch-0\""), 1U);
    EXPECT_EQ(count(page, "=\"url(#" + picture + "sx-hatch-0)\""), 1U);
  }
  EXPECT_EQ(count(page, "url(#sx-hatch-0)"), 0U);
}

TEST(HtmlPage, DarkensNothingOnPaper) {
  const std::string page = html_page("t", {section_of_everything("a")});
  EXPECT_EQ(count(page, "@media (prefers-color-scheme"), 0U);
  EXPECT_EQ(count(page, "@media screen and (prefers-color-scheme"), 2U);
}

TEST(HtmlPage, KeepsNamesThatLookLikeIds) {
  HtmlSection section("a", "b", "");
  section.figure("one", svg(published_boxes("x id=\"a\" fill=\"url(#b)\"")));
  EXPECT_THAT(html_page("t", {section}), HasSubstr("x id=&quot;a&quot; fill=&quot;url(#b)&quot;"));
}

TEST(HtmlPage, HasContentsOfSeveralSections) {
  EXPECT_THAT(html_page("t", {HtmlSection("a", "", "")}), Not(HasSubstr("<nav")));
  const std::string page = html_page("t", {{"a", "", ""}, {"b", "f.json", "estimated"}});
  EXPECT_THAT(page, HasSubstr("<li><a href=\"#s1\">b</a></li>"));
  EXPECT_THAT(page, HasSubstr("<section id=\"s1\"><h2>b</h2>\n<p class=\"source\">f.json <span "
                              "class=\"evidence estimated\">estimated</span></p>"));
}

TEST(HtmlPage, CellsHaveValuesToSortBy) {
  HtmlSection section("a", "", "");
  section.table({"t",
                 {{"name"}, {"s", true}},
                 {{{"x"}, {"0.1 s", 0.1}},
                  {{"y"}, {"-"}},
                  {{"z"}, {"?", std::numeric_limits<double>::quiet_NaN()}}}});
  EXPECT_THAT(section.html(), HasSubstr("<td class=\"number\" data-value=\"0.1\">0.1 s</td>"));
  EXPECT_THAT(section.html(), HasSubstr("<td class=\"number\">-</td>"));
  EXPECT_THAT(section.html(), HasSubstr("<td class=\"number\">?</td>"));
}

TEST(HtmlPage, SaysHowWideAPictureIs) {
  HtmlSection section("a", "", "");
  section.figure("f", "<svg xmlns=\"n\" width=\"820\" height=\"10\"></svg>");
  section.figure("g", "<svg></svg>");
  EXPECT_THAT(section.html(), HasSubstr("style=\"--natural:820px\""));
  EXPECT_THAT(section.html(), HasSubstr("style=\"--natural:60rem\""));
}

TEST(HtmlPage, HasTheSameBytesAgain) {
  EXPECT_EQ(html_page("t", {section_of_everything("a")}),
            html_page("t", {section_of_everything("a")}));
}

}  // namespace
}  // namespace sextant
