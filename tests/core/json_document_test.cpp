#include "analyzer/core/json_document.h"

#include <cmath>
#include <functional>
#include <limits>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/core/random.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

using testing::HasSubstr;

/// What the reader says of a text that it must refuse.
std::string refusal(std::string_view text, const JsonLimits& limits = {}) {
  try {
    JsonDocument::parse(text, "x.json", limits);
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    EXPECT_THAT(error.what(), testing::StartsWith("x.json"));
    EXPECT_LT(std::string_view(error.what()).size(), 400U);
    return error.what();
  }
  ADD_FAILURE() << "was read: " << text.substr(0, 80);
  return "";
}

/// What an accessor says of a document that reads well.
std::string complaint(std::string_view text, const std::function<void(const JsonNode&)>& access) {
  const JsonDocument document = JsonDocument::parse(text, "x.json");
  try {
    access(document.root());
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  ADD_FAILURE() << "was accepted: " << text;
  return "";
}

constexpr const char* kDocument =
    R"({"schema": "sextant/plan/1.0", "a": [1, -2.5e3, true, null], "b/c": {"~": "zü\n\u00e4"}})";

TEST(JsonDocument, SurvivesTruncationAtEveryByte) {
  const std::string_view whole = kDocument;
  for (std::size_t size = 0; size < whole.size(); ++size) refusal(whole.substr(0, size));
}

TEST(JsonDocument, SurvivesFlippedBytes) {
  Random random(3);
  for (int i = 0; i < 20'000; ++i) {
    std::string text = kDocument;
    for (int flips = 0; flips < 2; ++flips) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      JsonDocument::parse(text, "x.json");
    } catch (const Error& error) {
      ASSERT_EQ(error.code(), ErrorCode::kBadInput);
    }
  }
}

TEST(JsonDocument, SaysAtWhichByteATextGoesWrong) {
  EXPECT_THAT(refusal(""), HasSubstr("is empty"));
  EXPECT_THAT(refusal("   \n"), HasSubstr("byte"));
  EXPECT_THAT(refusal(R"({"a": 1,})"), HasSubstr("at byte 9"));
  EXPECT_THAT(refusal(R"({"a": nan})"), HasSubstr("at byte"));
  EXPECT_THAT(refusal(R"({"a": Infinity})"), HasSubstr("at byte 7"));
  EXPECT_THAT(refusal(R"({"a": 1} x)"), HasSubstr("at byte 10"));
  EXPECT_THAT(refusal("\x7F"
                      "ELF\x02\x01"),
              HasSubstr("at byte 1"));
  EXPECT_THAT(refusal("\"\xC0\xAF\""), HasSubstr("at byte"));  // overlong UTF-8
  EXPECT_THAT(refusal("'a'"), HasSubstr("at byte 1"));
}

TEST(JsonDocument, RefusesUtf16AndBinary) {
  EXPECT_THAT(refusal(std::string_view("\xFF\xFE{\0}\0", 6)), HasSubstr("UTF-16"));
  EXPECT_THAT(refusal(std::string_view("\xFE\xFF\0{\0}", 6)), HasSubstr("UTF-16"));
  EXPECT_THAT(refusal(std::string_view("{\0}\0", 4)), HasSubstr("UTF-16"));
  EXPECT_THAT(refusal(std::string_view("\0{\0}", 4)), HasSubstr("UTF-16"));
  EXPECT_THAT(refusal(std::string_view("\0", 1)), HasSubstr("byte"));
}

TEST(JsonDocument, ReadsMarkAndLineEndsAsTheyAreMeant) {
  const JsonDocument document = JsonDocument::parse("\xEF\xBB\xBF{\r\n\"a\": 1\r\n}\r\n", "x.json");
  EXPECT_EQ(document.root().at("a").count(), 1);
  refusal("\xEF\xBB");
}

TEST(JsonDocument, RefusesDepthWithoutRunningOutOfStack) {
  std::string deep(1'000'000, '[');
  EXPECT_THAT(refusal(deep), HasSubstr("more than 64 levels"));
  std::string objects;
  for (int i = 0; i < 100'000; ++i) objects += "{\"a\":";
  EXPECT_THAT(refusal(objects), HasSubstr("more than 64 levels"));
  // Exactly 64 are read.
  const std::string legal = std::string(64, '[') + std::string(64, ']');
  EXPECT_EQ(JsonDocument::parse(legal, "x.json").root().size(), 1U);
  refusal("[" + legal + "]");
}

TEST(JsonDocument, RefusesMoreValuesOrBytesThanItsLimits) {
  std::string many = "[";
  for (int i = 0; i < 10'000'000; ++i) many += "1,";
  many += "1]";
  EXPECT_THAT(refusal(many), HasSubstr("more than 5000000 values"));
  const JsonLimits small{.max_bytes = 100, .max_depth = 3, .max_values = 5};
  EXPECT_THAT(refusal("\"" + std::string(100, 'x') + "\"", small), HasSubstr("at most 100"));
  EXPECT_THAT(refusal("[1,2,3,4,5]", small), HasSubstr("more than 5 values"));
  JsonDocument::parse("[1,2,3,4]", "x.json", small);
  const TemporaryFolder folder;
  const auto file = folder.write("large.json", "\"" + std::string(100, 'x') + "\"");
  EXPECT_THROW(JsonDocument::read(file, small), Error);
}

TEST(JsonDocument, RefusesDuplicateKeys) {
  EXPECT_THAT(refusal(R"({"a": 1, "b": {"c": 1, "c": 2}})"), HasSubstr("\"c\" stands twice"));
  EXPECT_THAT(refusal(R"({"a": 1, "\u0061": 2})"), HasSubstr("\"a\" stands twice"));
  JsonDocument::parse(R"({"a": {"c": 1}, "b": {"c": 1}})", "x.json");
}

TEST(JsonDocument, RefusesNumbersOutOfRange) {
  EXPECT_THAT(refusal(R"({"a": 1e999})"), HasSubstr("out of range"));
  EXPECT_THAT(refusal(R"({"a": -1e999})"), HasSubstr("out of range"));
  refusal(R"({"a": 01})");
  refusal(R"({"a": +1})");
  refusal(R"({"a": .5})");
  refusal(R"({"a": 0x10})");
  const auto integer = [](const JsonNode& node) { node.at("a").integer(-5, 5); };
  for (const char* number : {"99999999999999999999", "18446744073709551615", "9223372036854775808",
                             "-9223372036854775809", "6", "-6", "1.0", "1e0", "true", "\"1\""}) {
    EXPECT_THAT(complaint(std::string("{\"a\": ") + number + "}", integer),
                HasSubstr("x.json at \"/a\": expected an integer from -5 to 5"));
  }
  const JsonDocument edge = JsonDocument::parse("[-9223372036854775808, 9223372036854775807]", "x");
  constexpr auto kLow = std::numeric_limits<std::int64_t>::min();
  constexpr auto kHigh = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(edge.root().at(std::size_t{0}).integer(kLow, kHigh), kLow);
  EXPECT_EQ(edge.root().at(1).integer(kLow, kHigh), kHigh);
}

TEST(JsonNode, SaysWhereItStandsWhatItExpectedAndWhatItFound) {
  const std::string text = R"({"a/b": [{"~n": "x"}], "count": 0, "time": -1, "s": "te\nxt"})";
  EXPECT_EQ(complaint(text, [](auto& n) { n.at("a/b").at(std::size_t{0}).at("~n").number(); }),
            "x.json at \"/a~1b/0/~0n\": expected a number, found the string \"x\"");
  EXPECT_EQ(complaint(text, [](auto& n) { n.at("cuont"); }),
            "x.json at the top level: expected the member \"cuont\", found none (there is "
            "\"count\")");
  EXPECT_THAT(complaint(text, [](auto& n) { n.at("count").positive(); }),
              HasSubstr("expected a number greater than zero, found 0"));
  EXPECT_THAT(complaint(text, [](auto& n) { n.at("count").count(); }), HasSubstr("from 1 to"));
  EXPECT_THAT(complaint(text, [](auto& n) { n.at("time").non_negative(); }),
              HasSubstr("not negative, found -1"));
  EXPECT_THAT(complaint(text, [](auto& n) { n.at("s").name(); }), HasSubstr("control characters"));
  EXPECT_THAT(complaint(text, [](auto& n) { n.at("a/b").at(1); }),
              HasSubstr("more than 1 elements, found an array of 1 elements"));
  EXPECT_THAT(complaint(text,
                        [](auto& n) {
                          n.only({"a/b", "count", "times", "s"});
                        }),
              HasSubstr("\"time\" (did you mean \"times\"?)"));
  EXPECT_THAT(complaint(text, [](auto& n) { n.elements(); }), HasSubstr("expected an array"));
  EXPECT_THAT(complaint("[]", [](auto& n) { n.members(); }), HasSubstr("expected an object"));
  EXPECT_THAT(complaint("[]", [](auto& n) { n.find("a"); }), HasSubstr("expected an object"));
  EXPECT_THAT(complaint("[]", [](auto& n) { n.at("a"); }), HasSubstr("expected an object"));
  EXPECT_THAT(complaint("[1, null]", [](auto& n) { n.numbers(); }), HasSubstr("/1"));
}

TEST(JsonNode, RefusesHostileNames) {
  for (const char* name :
       {"\"\"", "\"a\\u0000b\"", "\"a\\nb\"", "\"\\u001b[31m\"", "\"\\u007f\""}) {
    complaint(name, [](const JsonNode& node) { node.name(); });
  }
  complaint("\"" + std::string(4096, 'n') + "\"", [](const JsonNode& node) { node.name(); });
  // What is merely odd is a name; safe_file_name and quote deal with it.
  EXPECT_EQ(JsonDocument::parse("\"../../etc/x %n\"", "x").root().name(), "../../etc/x %n");
}

TEST(JsonNode, TakesNullForAbsentInFindOnly) {
  const JsonDocument document = JsonDocument::parse(R"({"a": null})", "x.json");
  EXPECT_FALSE(document.root().find("a").has_value());
  EXPECT_FALSE(document.root().find("b").has_value());
  EXPECT_TRUE(document.root().has("a"));
  EXPECT_TRUE(document.root().at("a").is_null());
}

TEST(JsonDocument, ChecksKindAndMajorVersion) {
  const auto open = [](const char* id) {
    const std::string text = std::string("{\"schema\": \"") + id + "\"}";
    const JsonDocument document = JsonDocument::parse(text, "x.json");
    document.root_of_kind("plan", 2);
  };
  for (const char* id : {"sextant/plan/2.0", "sextant/plan/2.9", "sextant/plan/1.0"}) open(id);
  for (const char* id :
       {"sextant/plan/3.0", "sextant/plans/2.0", "sextant/job/2.0", "plan/2.0", "sextant/plan/",
        "sextant/plan/2", "sextant/plan/x.0", "sextant/plan/99999999999.0"}) {
    EXPECT_THROW(open(id), Error) << id;
  }
  EXPECT_EQ(JsonDocument::parse(kDocument, "x").kind(), "plan");
  for (const char* text :
       {"{}", "[]", "1", R"({"schema": 1})", R"({"schema": "other/plan/1.0"})"}) {
    EXPECT_EQ(JsonDocument::parse(text, "x").kind(), "") << text;
    complaint(text, [](const JsonNode&) { throw_bad_input("x.json"); });
  }
}

TEST(JsonText, IsReadableAndReadsBackTheSame) {
  OrderedJson value = {
      {"z", {1, 2.5, -0.001}}, {"a", {{"k", nullptr}}}, {"e", OrderedJson::array()}};
  const std::string text = json_text(value);
  EXPECT_EQ(text,
            "{\n  \"z\": [1, 2.5, -0.001],\n  \"a\": {\n    \"k\": null\n  },\n  \"e\": []\n}\n");
  EXPECT_EQ(OrderedJson::parse(text), value);
}

TEST(JsonText, NeverHoldsWhatJsonCannot) {
  for (const double bad : {std::nan(""), HUGE_VAL, -HUGE_VAL}) {
    try {
      json_text({{"a", {{"b", bad}}}});
      FAIL() << "expected an error";
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kInternal);
    }
  }
  // Names that are not UTF-8 leave it as UTF-8.
  const std::string text = json_text({{"a\xFF", "b\xFF"}});
  EXPECT_EQ(JsonDocument::parse(text, "x").root().size(), 1U);
}

}  // namespace
}  // namespace sextant
