#include "analyzer/serving/formats/ini_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/topology/formats/refusal.h"

namespace sextant {
namespace {

/// What is said of an .ini file `x.ini` of this text when its key `k` of section `s` is read so.
std::string said(const std::string& text, const auto& read) {
  return refusal("none", [&] {
    const IniFile file = IniFile::parse(text, "x.ini");
    read(file.at("s").at("k"));
  });
}

TEST(IniFile, SectionsKeysAndComments) {
  const IniFile file = IniFile::parse(
      "\xEF\xBB\xBF# a heading\r\n; too\r\n\r\n[One]\r\n  key = 1.5 * gbps \r\n# more = "
      "1\r\nname='a b'\r\n"
      "[Two-2]\r\nlist=[1, -2,3]\r\nmixed=['source', 0, \"sink\"]\r\nempty=[]",
      "x.ini");
  ASSERT_EQ(file.sections().size(), 2U);
  ASSERT_EQ(file.heading().size(), 3U);
  EXPECT_EQ(file.heading()[0], "# a heading");
  EXPECT_EQ(file.at("One").line(), 4);
  EXPECT_EQ(file.at("One").at("key").line(), 5);
  EXPECT_EQ(file.at("One").at("key").positive(IniQuantity::kBytesPerSecond), 1.5e9);
  EXPECT_EQ(file.at("One").at("name").quoted(), "a b");
  EXPECT_THAT(file.at("Two-2").at("list").integers(-5, 5), ::testing::ElementsAre(1, -2, 3));
  const auto items = file.at("Two-2").at("mixed").items();
  ASSERT_EQ(items.size(), 3U);
  EXPECT_TRUE(items[0].quoted);
  EXPECT_EQ(items[2].text, "sink");
  EXPECT_TRUE(file.at("Two-2").at("empty").items().empty());
  EXPECT_EQ(file.find("Three"), nullptr);
}

TEST(IniFile, UnitsOfTheArtifact) {
  const auto value = [](const std::string& text, IniQuantity quantity) {
    return IniFile::parse("[s]\nk=" + text, "x.ini").at("s").at("k").non_negative(quantity);
  };
  EXPECT_EQ(value("3 * kbps", IniQuantity::kBytesPerSecond), 3e3);
  EXPECT_EQ(value("14.2 * mbps", IniQuantity::kBytesPerSecond), 14.2e6);
  EXPECT_EQ(value("1e-1*gbps", IniQuantity::kBytesPerSecond), 1e8);
  EXPECT_EQ(value("2 * Sec", IniQuantity::kSeconds), 2);
  EXPECT_EQ(value("55 * MilliSec", IniQuantity::kSeconds), 55e-3);
  EXPECT_EQ(value("16 * GB", IniQuantity::kBytes), 16e9);
  EXPECT_EQ(value("16000.0 * MB", IniQuantity::kBytes), 16e9);
  EXPECT_EQ(value("7 * KB", IniQuantity::kBytes), 7e3);
  EXPECT_EQ(value("2 * Byte", IniQuantity::kBytes), 2);
  EXPECT_EQ(value("0", IniQuantity::kSeconds), 0);
}

TEST(IniFile, NothingIsEvaluated) {
  const auto read = [](const IniValue& value) { value.positive(IniQuantity::kBytesPerSecond); };
  const std::string expected = "expected a number greater than 0 times kbps, mbps or gbps, found ";
  const auto found = [&](const std::string& value) {
    return "x.ini at line 2, key \"k\": " + expected + value;
  };
  for (const std::string value : {"__import__('os').system('id')",
                                  "1 + 1 * mbps",
                                  "2 ** 3",
                                  "2 * 3 * mbps",
                                  "(1) * mbps",
                                  "mbps",
                                  "1 * MBPS",
                                  "1 mbps",
                                  "1 * mbps * 2",
                                  "1 *",
                                  "* mbps",
                                  "1000",
                                  "-1",
                                  "nan * mbps",
                                  "inf * gbps",
                                  "-5 * mbps",
                                  "1e308 * gbps",
                                  "0x10 * mbps",
                                  "1,5 * mbps",
                                  "1 * MilliSec"}) {
    EXPECT_EQ(said("[s]\nk=" + value, read), found("\"" + value + "\""));
  }
  EXPECT_EQ(said("[s]\nk=", read), found("nothing"));
  EXPECT_EQ(said("[s]\nk=0 * mbps", read),
            "x.ini at line 2, key \"k\": expected more than 0, found \"0 * mbps\"");
}

TEST(IniFile, OtherValuesThatAreNotAsExpected) {
  const std::string at = "x.ini at line 2, key \"k\": expected ";
  const auto integers = [](const IniValue& value) { value.integers(0, 9); };
  const auto strings = [](const IniValue& value) { value.strings(); };
  EXPECT_EQ(said("[s]\nk=[1, 2", integers), at + "a list in brackets, found \"[1, 2\"");
  EXPECT_EQ(said("[s]\nk=[1,, 2]", integers),
            at + "a list of whole numbers or strings in quotes, found nothing between two commas");
  EXPECT_EQ(said("[s]\nk=[1, 2,]", integers), at + "an item after the last comma, found none");
  EXPECT_EQ(said("[s]\nk=[1, range(3)]", integers),
            at + "a list of whole numbers or strings in quotes, found \"range(3)\"");
  EXPECT_EQ(said("[s]\nk=[1, 2.5]", integers),
            at + "a list of whole numbers or strings in quotes, found \"2.5\"");
  EXPECT_EQ(said("[s]\nk=[1, 12]", integers), at + "whole numbers from 0 to 9, found \"12\"");
  EXPECT_EQ(said("[s]\nk=['a]", strings),
            at + "a list of whole numbers or strings in quotes, found \"'a\"");
  EXPECT_EQ(said("[s]\nk=['a', 3]", strings), at + "strings in quotes, found \"3\"");
  EXPECT_EQ(said("[s]\nk=A100", [](const IniValue& value) { value.quoted(); }),
            at + "a string in quotes, found \"A100\"");
  EXPECT_EQ(said("[s]\nk='A100'", [](const IniValue& value) { value.word(); }),
            at + "a name without quotes, found \"'A100'\"");
  EXPECT_EQ(said("[s]\nk=1.5", [](const IniValue& value) { value.integer(0, 9); }),
            at + "a whole number from 0 to 9, found \"1.5\"");
  EXPECT_EQ(said("[s]\nk=99999999999999999999", [](const IniValue& value) { value.integer(0, 9); }),
            at + "a whole number from 0 to 9, found \"99999999999999999999\"");
}

TEST(IniFile, StructureIsChecked) {
  const auto none = [](const IniValue&) {};
  EXPECT_EQ(said("[s\nk=1", none), "x.ini at line 1: expected \"[section]\", found \"[s\"");
  EXPECT_EQ(said("[]\nk=1", none), "x.ini at line 1: expected \"[section]\", found \"[]\"");
  EXPECT_EQ(said("k=1\n[s]", none),
            "x.ini at line 1: expected a \"[section]\" before the first key, found \"k=1\"");
  EXPECT_EQ(said("[s]\nk", none), "x.ini at line 2: expected \"key=value\", found \"k\"");
  EXPECT_EQ(said("[s]\n=1", none), "x.ini at line 2: expected \"key=value\", found \"=1\"");
  EXPECT_EQ(said("[s]\nk=1\n[s]\n", none),
            "x.ini at line 3: expected each section once, found \"s\", which is at line 1 too");
  EXPECT_EQ(said("[s]\nk=1\n\nk=2\n", none),
            "x.ini at line 4: expected each key of section \"s\" once, found \"k\", which is at "
            "line 2 too");
  EXPECT_EQ(said("[t]\nk=1", none), "x.ini: expected a section \"s\", found none");
  EXPECT_EQ(said("\n[s]\nq=1", none),
            "x.ini at line 2, section \"s\": expected the key \"k\", found none");
  EXPECT_EQ(
      refusal("none",
              [] { IniFile::parse("[s]\nbandwith=1", "x.ini").at("s").only({"bandwidth"}); }),
      "x.ini at line 2, section \"s\": unknown key \"bandwith\", did you mean \"bandwidth\"?");
}

}  // namespace
}  // namespace sextant
