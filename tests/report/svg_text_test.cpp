#include "analyzer/report/svg_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analyzer/core/utf8.h"

namespace sextant {
namespace {

using testing::ElementsAre;

TEST(EscapeXml, ReplacesWhatXmlCannotHold) {
  EXPECT_EQ(escape_xml("a<b>&\"'c"), "a&lt;b&gt;&amp;&quot;&#39;c");
  EXPECT_EQ(escape_xml(std::string_view("\0\n\x7f", 3)), "���");
  EXPECT_EQ(escape_xml("é\xc3"), "é�");
  EXPECT_EQ(escape_xml("\xed\xa0\x80"), "���");  // a surrogate
  EXPECT_EQ(escape_xml("\xef\xbf\xbf"), "�");    // U+FFFF
}

RC_GTEST_PROP(EscapeXml, AnyBytesBecomeValidUtf8WithoutMarkup, (const std::string& bytes)) {
  const std::string escaped = escape_xml(bytes);
  RC_ASSERT(escaped.find_first_of("<>\"'") == std::string::npos);
  std::string_view rest = escaped;
  while (!rest.empty()) {
    RC_ASSERT(utf8_length(rest) > 0U);
    rest.remove_prefix(utf8_length(rest));
  }
}

TEST(WrapText, BreaksAfterSeparators) {
  EXPECT_THAT(wrap_text("80xA100-40@us-central1-a+240xV100-16@us-central1-a", 12, 160, 4),
              ElementsAre("80xA100-40@", "us-central1-a+", "240xV100-16@", "us-central1-a"));
  EXPECT_THAT(wrap_text("short", 12, 200, 2), ElementsAre("short"));
  EXPECT_TRUE(wrap_text("", 12, 200, 2).empty());
}

RC_GTEST_PROP(WrapText, LosesNothingOrSaysSo, (const std::string& bytes)) {
  const auto width = *rc::gen::inRange(1, 200);
  const auto lines = *rc::gen::inRange<std::size_t>(1, 5);
  std::string text;  // without spaces, which may be dropped at a line's end
  for (const char c : bytes) text += c == ' ' ? '_' : c;
  const std::vector<std::string> wrapped = wrap_text(text, 12, width, lines);
  RC_ASSERT(wrapped.size() <= lines);
  std::string joined;
  for (const std::string& line : wrapped) joined += line;
  const std::string ellipsis = "…";
  const bool cut = joined.size() >= ellipsis.size() &&
                   joined.compare(joined.size() - ellipsis.size(), ellipsis.size(), ellipsis) == 0;
  RC_ASSERT(joined == text || cut);
}

}  // namespace
}  // namespace sextant
