#include "analyzer/profile/profile_point.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/random.h"
#include "tests/profile/toy_points.h"

namespace sextant {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

PointDocument parse(const std::string& text) {
  const JsonDocument document = JsonDocument::parse(text, "point.json");
  return read_point_document(document);
}

/// The toy point's document after `edit`.
std::string edited(const std::function<void(OrderedJson&)>& edit) {
  OrderedJson json = OrderedJson::parse(point_document_text(toy_point(2, 4)));
  edit(json);
  return json.dump();
}

std::string failure(const std::function<void(OrderedJson&)>& edit) {
  return message_of([&] { parse(edited(edit)); });
}

TEST(ProfilePoint, RoundTripsEverything) {
  PointDocument point = full_point();
  point.kinds[2].backward = {0.5, 0.5, 0.5, 0, 0};
  const std::string text = point_document_text(point);
  const PointDocument read = parse(text);
  EXPECT_EQ(point_document_text(read), text);
  EXPECT_TRUE(same_measurement(read, point));
  EXPECT_EQ(read.key, point.key);
  EXPECT_FALSE(read.has_spread());
  EXPECT_EQ(read.layer_count(), 5);
  // (0.245 - 0.25) / 0.25
  EXPECT_NEAR(read.cross_check->relative_difference(), -0.02, 1e-15);
  EXPECT_EQ(read.kinds[1].training_memory->alone_peak_bytes, 9e6);
  EXPECT_EQ(read.kinds[1].operators[0].saved_bytes, 1024);
  EXPECT_EQ(read.kinds[1].kernel_summaries[1].roofline_fraction, 0);
  EXPECT_EQ(read.conditions->throttle_reasons, std::vector<std::string>{"sw_power_cap"});
  EXPECT_FALSE(read.largest_microbatch.has_value());
}

TEST(ProfilePoint, SumsItsLayers) {
  // Five layers, each forward 0.04 s and backward 0.08 s at microbatch 4.
  EXPECT_DOUBLE_EQ(toy_point(1, 4).total_s(), 5 * 0.12);
  EXPECT_DOUBLE_EQ(toy_point(1, 4).total_s(&TimeSummary::p90_s), 1.1 * 5 * 0.12);
}

TEST(ProfilePoint, KeepsFailures) {
  const PointDocument read =
      parse(point_document_text(failed_point(1, 8, PointStatus::kOutOfMemory)));
  EXPECT_EQ(read.status, PointStatus::kOutOfMemory);
  EXPECT_EQ(read.reason, "CUDA out of memory");
  EXPECT_TRUE(read.kinds.empty());
  PointDocument largest = failed_point(1, 8, PointStatus::kOutOfMemory);
  largest.largest_microbatch = 0;
  largest.process_memory = ProcessMemory{5e8, 0, 0, 1e9};
  EXPECT_EQ(parse(point_document_text(largest)).largest_microbatch, 0);
}

TEST(ProfilePoint, NamesTheOptimizerOnlyWhereItIsNotAdamW) {
  EXPECT_EQ(variant_name("bf16", true, true), "bf16-recompute-sp");
  EXPECT_EQ(variant_name("bf16", true, true, "sgd"), "bf16-recompute-sp-sgd");
  PointDocument point = toy_point(1, 1);
  point.key.optimizer = "sgd";
  point.key.variant = "fp32-sgd";
  EXPECT_EQ(parse(point_document_text(point)).key, point.key);
  // Documents from before there was a choice have no such member.
  EXPECT_EQ(parse(edited([](OrderedJson& j) { j["key"].erase("optimizer"); })).key.optimizer,
            "adamw");
}

TEST(ProfilePoint, RefusesTimesThatCannotBe) {
  for (const double bad : {0.0, -1.0}) {
    EXPECT_THAT(failure([&](OrderedJson& j) { j["layer_kinds"][1]["forward"]["median_s"] = bad; }),
                AllOf(HasSubstr("point.json"), HasSubstr("/layer_kinds/1/forward/median_s"),
                      HasSubstr("greater than zero")));
  }
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["backward"]["median_s"] = -1; }),
              HasSubstr("not negative"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["forward"]["median_s"] = "1"; }),
              HasSubstr("a number"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["forward"]["p10_s"] = 1; }),
              HasSubstr("p10_s <= median_s <= p90_s"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["forward"].erase("n"); }),
              HasSubstr("number of samples"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][0]["parameter_bytes"] = -4; }),
              HasSubstr("not negative"));
  // NaN and 1e999 are no JSON numbers.
  for (const char* number : {"NaN", "Infinity", "1e999"}) {
    std::string text = edited([](OrderedJson&) {});
    const std::string old = "0.08";
    text.replace(text.find(old), old.size(), number);
    message_of([&] { parse(text); });
  }
}

TEST(ProfilePoint, RefusesContradictions) {
  EXPECT_THAT(failure([](OrderedJson& j) { j["key"]["variant"] = "bf16"; }), HasSubstr("\"fp32\""));
  EXPECT_THAT(failure([](OrderedJson& j) { j["sequence"][1]["kind"] = "blok"; }),
              HasSubstr("layer_kinds defines"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["sequence"].erase(1); }),
              HasSubstr("a place for \"block\""));
  EXPECT_THAT(failure([](OrderedJson& j) { j["sequence"][1]["count"] = 100000; }),
              HasSubstr("at most 100000 layers"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["layer_kinds"][1]["kind"] = "head"; }),
              HasSubstr("different names"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["status"] = "oom"; }), HasSubstr("reason"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["key"]["tp"] = 0; }), HasSubstr("/key/tp"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["key"]["tp"] = 1.5; }), HasSubstr("/key/tp"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["key"]["dtype"] = "fp31"; }), HasSubstr("one of"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["key"]["model"] = "a\nb"; }), HasSubstr("name"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["provenance"].erase("host"); }), HasSubstr("host"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["provenance"]["time"] = "yesterday"; }),
              HasSubstr("UTC time"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["superseded"] = OrderedJson::array(); }),
              HasSubstr("database only"));
}

/// What reading says of the full point's document after `edit`.
std::string full_failure(const std::function<void(OrderedJson&)>& edit) {
  OrderedJson json = OrderedJson::parse(point_document_text(full_point()));
  edit(json);
  return message_of([&] { parse(json.dump()); });
}

TEST(ProfilePoint, RefusesWhatAMeasurementCannotSay) {
  EXPECT_THAT(full_failure([](OrderedJson& j) {
                j["layer_kinds"][1]["training_memory"]["alone_peak_bytes"] = 5.9e6;
              }),
              AllOf(HasSubstr("/layer_kinds/1/training_memory/alone_peak_bytes"),
                    HasSubstr("at least 6000000 bytes")));  // 4e6 / tp 2 + 4e6 of the optimizer
  EXPECT_THAT(full_failure([](OrderedJson& j) {
                j["layer_kinds"][1]["training_memory"].erase("gradient_bytes");
              }),
              HasSubstr("gradient_bytes"));
  EXPECT_THAT(full_failure([](OrderedJson& j) {
                j["layer_kinds"][1]["kernel_summaries"][1]["phase"] = "forward";
              }),
              HasSubstr("one summary for each phase"));
  EXPECT_THAT(full_failure([](OrderedJson& j) {
                j["layer_kinds"][1]["kernel_summaries"][0]["roofline_fraction"] = 0;
              }),
              HasSubstr("greater than zero"));
  EXPECT_THAT(
      full_failure([](OrderedJson& j) { j["layer_kinds"][1]["kernels"][0]["phase"] = "sideways"; }),
      HasSubstr("one of forward, backward, update"));
  EXPECT_THAT(
      full_failure([](OrderedJson& j) { j["layer_kinds"][1]["operators"][0]["saved_bytes"] = -1; }),
      HasSubstr("not negative"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["cross_check"]["sum_of_parts_s"] = 0.3; }),
              HasSubstr("/cross_check/relative_difference"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["cross_check"]["sum_of_parts_s"] = 0; }),
              HasSubstr("greater than zero"));
  EXPECT_THAT(
      full_failure([](OrderedJson& j) { j["process_memory"]["peak_allocated_bytes"] = 1.6e9; }),
      HasSubstr("no more than peak_reserved_bytes"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["stopping"]["min_samples"] = 0; }),
              HasSubstr("/stopping/min_samples"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["stopping"]["max_rel_stdev"] = 0; }),
              HasSubstr("greater than zero"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["conditions"]["sm_clock_mhz_min"] = 1500; }),
              HasSubstr("sm_clock_mhz_min <= sm_clock_mhz_max"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["conditions"]["tainted_samples"] = -1; }),
              HasSubstr("/conditions/tainted_samples"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["key"]["optimizer"] = "adam"; }),
              HasSubstr("one of adamw, sgd"));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["key"]["optimizer"] = "sgd"; }),
              HasSubstr("\"fp32-sgd\""));
  EXPECT_THAT(full_failure([](OrderedJson& j) { j["largest_microbatch"] = 2; }),
              HasSubstr("did not run out of memory"));
  // Each part refuses members that it does not know.
  for (const char* part :
       {"/cross_check", "/process_memory", "/stopping", "/conditions",
        "/layer_kinds/1/training_memory", "/layer_kinds/1/operators/0", "/layer_kinds/1/kernels/0",
        "/layer_kinds/1/kernel_summaries/0", "/layer_kinds/1/tp_collectives/0"}) {
    EXPECT_THAT(
        full_failure([&](OrderedJson& j) { j[OrderedJson::json_pointer(part)]["stranger"] = 1; }),
        HasSubstr("stranger"));
  }
}

TEST(ProfilePoint, RefusesALargestMicrobatchThatDidNotFit) {
  PointDocument failed = failed_point(1, 8, PointStatus::kOutOfMemory);
  failed.largest_microbatch = 8;
  EXPECT_THAT(message_of([&] { parse(point_document_text(failed)); }),
              HasSubstr("/largest_microbatch"));
  failed.largest_microbatch = 4;
  failed.status = PointStatus::kTimeout;
  EXPECT_THAT(message_of([&] { parse(point_document_text(failed)); }),
              HasSubstr("did not run out of memory"));
}

TEST(ProfilePoint, IsStrictAboutItsOwnVersionAndLenientToNewerMinors) {
  const auto add_member = [](OrderedJson& j) { j["evidnce"] = "x"; };
  EXPECT_THAT(failure(add_member), HasSubstr("did you mean \"evidence\""));
  EXPECT_NO_THROW(parse(edited([&](OrderedJson& j) {
    add_member(j);
    j["schema"] = "sextant/profile/1.7";
  })));
  EXPECT_THAT(failure([](OrderedJson& j) { j["schema"] = "sextant/profile/2.0"; }),
              HasSubstr("sextant/profile/2.0"));
  EXPECT_THAT(failure([](OrderedJson& j) { j["schema"] = "sextant/plan/1.0"; }),
              HasSubstr("sextant/profile/"));
}

TEST(ProfilePoint, RefusesWhatIsNoJson) {
  const std::string good = point_document_text(toy_point(1, 1));
  for (const std::string& text :
       {std::string(), std::string("\0\1\2\3", 4), std::string("\xFF\xFE{\0}\0", 6), good + good,
        std::string("{\"schema\": 1, \"schema\": 1}")}) {
    EXPECT_THAT(message_of([&] { parse(text); }), HasSubstr("point.json"));
  }
  // CRLF and a byte order mark are read as they are meant.
  std::string crlf = "\xEF\xBB\xBF";
  for (const char c : good) crlf += c == '\n' ? std::string("\r\n") : std::string(1, c);
  EXPECT_NO_THROW(parse(crlf));
}

TEST(ProfilePoint, EveryTruncationIsAnError) {
  const std::string good = point_document_text(toy_point(1, 1));
  // Without its final newline the document is still whole.
  for (std::size_t length = 0; length + 1 < good.size(); ++length) {
    EXPECT_THROW(parse(good.substr(0, length)), Error) << length;
  }
}

TEST(ProfilePoint, FlippedBytesAreReadOrRefusedButNeverCrash) {
  const std::string good = point_document_text(toy_point(1, 1));
  Random random(7);
  int refused = 0;
  for (int i = 0; i < 4000; ++i) {
    std::string text = good;
    const std::size_t flips = 1 + random.below(4);
    for (std::size_t f = 0; f < flips; ++f) {
      text[random.below(text.size())] = static_cast<char>(random.below(256));
    }
    try {
      const PointDocument point = parse(text);
      EXPECT_GT(point.total_s(), 0);
    } catch (const Error&) {
      ++refused;
    }
  }
  EXPECT_GT(refused, 2000);
}

TEST(ProfilePoint, FileNamesStayBelowTheirFolder) {
  EXPECT_EQ(point_file_name(toy_point(2, 4).key), "fp32/seq128/profile_toy_A100-40_2_4.json");
  ProfileKey key = toy_point(1, 1).key;
  key.variant = "artifact/simulator";
  key.seq_len = 0;
  EXPECT_EQ(point_file_name(key), "artifact/simulator/profile_toy_A100-40_1_1.json");
  for (const std::string& hostile :
       {std::string("../../etc/x"), std::string("/etc/passwd"), std::string("a\0b", 3),
        std::string("line\nbreak"), std::string("%n%n"), std::string(4096, 'a'),
        std::string("..")}) {
    key.model = key.gpu = hostile;
    key.variant = "artifact/" + hostile;
    const std::filesystem::path path = point_file_name(key);
    EXPECT_TRUE(path.is_relative());
    for (const auto& part : path) {
      EXPECT_NE(part, "..");
      EXPECT_LE(part.string().size(), 255U);
      EXPECT_EQ(part.string().find_first_of(std::string("\0\n%", 3)), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace sextant
