// Document kinds profile, profile_db, profiles, profile_comparison, profile_check and sweep.
#include <gmock/gmock.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_db.h"
#include "tests/profile/toy_points.h"
#include "tests/report/views/view_of_text.h"

namespace sextant {
namespace {

using testing::count;
using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;
using testing::sections_of;

constexpr const char* kHostile = "<img src=x onerror=alert(1)> \"$(touch x)\"";

ProfileDatabase database() {
  ProfileDatabase out;
  out.model = "toy";
  out.gpu = "A100-40";
  for (const int tp : {1, 2}) {
    for (const int microbatch : {1, 2, 4}) {
      if (tp == 2 && microbatch == 4) continue;
      merge_point(out, toy_point(tp, microbatch, 0.01 / tp), MergePolicy::kError);
    }
  }
  merge_point(out, failed_point(1, 8, PointStatus::kOutOfMemory), MergePolicy::kError);
  return out;
}

TEST(ProfileView, ShowsAllThatAPointSays) {
  const HtmlSection section = section_of(point_document_text(full_point()));
  EXPECT_EQ(section.evidence(), "measured-gpu");
  const std::string& html = section.html();
  for (const char* part :
       {"data-name=\"time-of-a-layer\"", "data-name=\"memory-of-a-layer\"",
        "<dt>collectives among tensor ranks</dt><dd>recorded, to be priced</dd>",
        "<dt>bytes</dt><dd>test</dd>", "<dt>machine</dt><dd>node1</dd>",
        "rel_stdev 0.012 after 15 s", "3 samples were taken while the clock was throttled",
        "gemm&lt;128, 128&gt;", "<dt>SM clock</dt><dd>1200 to 1410 MHz</dd>"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  // qkv takes 3 * (2 + 4) of 3 * (6 + 2) ms of the three blocks' operators.
  EXPECT_THAT(html, HasSubstr("<td>qkv</td><td>block</td><td class=\"number\" data-value=\"3\">3"
                              "</td>"));
  EXPECT_THAT(html, HasSubstr(">75 %</td><td class=\"number\" data-value=\"2048\">2 KiB"));
  // The forward's kernels ran 9 of 10 ms, at half of the roofline.
  EXPECT_THAT(html, HasSubstr("data-value=\"0.9\">90 %</td><td class=\"number\" data-value=\"0.5\">"
                              "50 %</td>"));
  // 5 % of an iteration's noise where 0.5 % was asked for.
  EXPECT_THAT(html, HasSubstr("above the 0.5 % that were asked for"));
  EXPECT_THAT(html, HasSubstr("No roofline: "));
}

TEST(ProfileView, NothingOfAPointWithoutOptionalMembersIsMissed) {
  PointDocument point = toy_point(1, 1);
  for (LayerKindProfile& kind : point.kinds) {
    kind.forward.samples = kind.backward.samples = kind.update.samples = 0;
  }
  const HtmlSection section = section_of(point_document_text(point));
  EXPECT_THAT(section.html(), HasSubstr("data-name=\"Layer kinds\""));
  for (const char* part : {"Operators", "GPU kernels", "Noise of times", "class=\"warning\""}) {
    EXPECT_THAT(section.html(), Not(HasSubstr(part)));
  }
}

TEST(ProfileView, SaysWhyAPointHasNoTimes) {
  PointDocument point = failed_point(1, 8, PointStatus::kOutOfMemory);
  point.largest_microbatch = 4;
  const std::string html = section_of(point_document_text(point)).html();
  EXPECT_THAT(html, HasSubstr("oom: CUDA out of memory"));
  EXPECT_THAT(html, HasSubstr("The largest microbatch that fits is 4."));
  EXPECT_THAT(html, Not(HasSubstr("<svg")));
}

TEST(ProfileView, DrawsADatabaseAgainstBothAxes) {
  const HtmlSection section = section_of(database_text(database()));
  EXPECT_EQ(section.title(), "Profile: toy on A100-40");
  const std::string& html = section.html();
  for (const char* part :
       {"data-name=\"time-by-microbatch-fp32, 128 tokens\"",
        "data-name=\"time-by-tensor-degree-fp32, 128 tokens\"",
        "data-name=\"memory-by-microbatch-fp32, 128 tokens\"",
        "data-name=\"noise-fp32, 128 tokens\"", "<dt>points with times</dt><dd>5</dd>",
        "<dt>failed points</dt><dd>1</dd>", "CUDA out of memory",
        "Missing points: fp32: ", ">block, time, ms<", ">tp 2<"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
  // Five layers of 10 ms forward at microbatch 1, of 20 ms at 2.
  EXPECT_THAT(html, HasSubstr("<td class=\"number\" data-value=\"0.05\">50.0 ms</td>"));
  EXPECT_THAT(html, HasSubstr("<title>tp 1: 20.0 at 2.00</title>"));
}

TEST(ProfileView, DrawsNoAxisOfOneValue) {
  ProfileDatabase one;
  one.model = "toy";
  one.gpu = "A100-40";
  merge_point(one, toy_point(1, 1), MergePolicy::kError);
  EXPECT_THAT(section_of(database_text(one)).html(), Not(HasSubstr("<svg")));
}

TEST(ProfileView, DrawsTheRooflineOfAKnownModelAndGpu) {
  PointDocument point = toy_point(1, 1, 0.01);
  point.key.model = "OPT-350M";
  point.key.seq_len = 2048;
  const std::string html = section_of(point_document_text(point)).html();
  EXPECT_THAT(html, HasSubstr("data-name=\"roofline\""));
  EXPECT_THAT(html, HasSubstr("data sheet of A100-40: 19.5 TFLOP/s, 1.5"));
  EXPECT_THAT(html, HasSubstr("<title>block forward, tp 1, microbatch 1: "));
  point.key.gpu = "somebody's own";
  EXPECT_THAT(section_of(point_document_text(point)).html(), HasSubstr("No roof: "));
}

TEST(ProfileView, KeepsNamesText) {
  PointDocument point = full_point();
  point.key.model = point.key.gpu = kHostile;
  point.kinds[1].kind = point.kinds[1].operators[0].name = point.kinds[1].kernels[0].name =
      kHostile;
  point.memory_basis = point.provenance["host"] = point.stopping->unmet = kHostile;
  const std::string text = point_document_text(point);
  EXPECT_THAT(html_page("page", sections_of({text})), Not(HasSubstr("<img")));
  ProfileDatabase hostile;
  hostile.model = hostile.gpu = kHostile;
  merge_point(hostile, point, MergePolicy::kError);
  point.key.microbatch = 8;
  merge_point(hostile, point, MergePolicy::kError);
  const std::string page = html_page("page", sections_of({database_text(hostile)}));
  EXPECT_THAT(page, Not(HasSubstr("<img")));
  EXPECT_THAT(page, HasSubstr("&lt;img src=x onerror=alert(1)&gt;"));
}

TEST(ProfileView, AMemberThatIsBrokenIsNamedWithItsPlace) {
  OrderedJson json = OrderedJson::parse(database_text(database()));
  json["points"][2]["layer_kinds"][1]["forward"]["median_s"] = -1;
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(json.dump(), "db.json")));
  EXPECT_THAT(message_of([&] { report_sections(inputs); }),
              HasSubstr("db.json at \"/points/2/layer_kinds/1/forward/median_s\""));
}

TEST(ProfileView, SeveralDatabasesAreASectionEach) {
  const OrderedJson one = OrderedJson::parse(database_text(database()));
  const OrderedJson both = {
      {"schema", "sextant/profiles/1.0"}, {"profiles", {one, one}}, {"notes", {"odd & old"}}};
  const auto sections = sections_of({both.dump()});
  ASSERT_EQ(sections.size(), 3U);
  EXPECT_EQ(sections[1].title(), "Profile: toy on A100-40");
  EXPECT_THAT(sections[2].html(), HasSubstr("odd &amp; old"));
}

TEST(ProfileView, ComparesTwoProfiles) {
  const OrderedJson comparison = {{"schema", "sextant/profile_comparison/1.0"},
                                  {"points",
                                   {{{"variant", "bf16"},
                                     {"seq_len", 128},
                                     {"tp", 2},
                                     {"microbatch", 4},
                                     {"a_s", 0.02},
                                     {"b_s", 0.025},
                                     {"change", 0.25},
                                     {"verdict", "SLOWER"}}}},
                                  {"only_in_a", {"<b>"}},
                                  {"only_in_b", OrderedJson::array()}};
  const std::string html = section_of(comparison.dump()).html();
  for (const char* part :
       {"<dt>SLOWER</dt><dd>1 of 1 points</dd>", "data-name=\"two-profiles\"", "bf16 tp 2 mbs 4",
        "data-value=\"0.25\">+25 %</td><td>SLOWER</td>", "Only in A: &lt;b&gt;"}) {
    EXPECT_THAT(html, HasSubstr(part));
  }
}

TEST(ProfileView, ListsFindings) {
  const OrderedJson check = {
      {"schema", "sextant/profile_check/1.0"},
      {"profiles", 1},
      {"points", 4},
      {"errors", 1},
      {"warnings", 0},
      {"findings", {{{"severity", "error"}, {"place", "tp 1"}, {"finding", "too fast"}}}},
      {"notes", OrderedJson::array()}};
  const std::string html = section_of(check.dump()).html();
  EXPECT_THAT(html, HasSubstr("<td>error</td><td>tp 1</td><td>too fast</td>"));
  EXPECT_EQ(count(html, "class=\"warning\""), 1);
}

TEST(ProfileView, DrawsASweep) {
  const auto point = [](int microbatch, double forward_s) {
    return OrderedJson{{"variant", "fp32"},
                       {"tp", 1},
                       {"microbatch", microbatch},
                       {"collectives", "none"},
                       {"file", "a.json"},
                       {"status", "ok"},
                       {"evidence", "measured-cpu"},
                       {"forward_s", forward_s},
                       {"backward_s", 2 * forward_s},
                       {"update_s", 0.001}};
  };
  OrderedJson sweep = {{"schema", "sextant/sweep/1.0"},
                       {"mode", "train"},
                       {"model", "toy"},
                       {"gpu", "CPU"},
                       {"device", "cpu"},
                       {"shard", "0/1"},
                       {"complete", false},
                       {"points", {point(1, 0.01), point(2, 0.02)}}};
  sweep["points"].push_back({{"variant", "fp32"},
                             {"tp", 1},
                             {"microbatch", 4},
                             {"collectives", "none"},
                             {"file", "b.json"},
                             {"status", "oom"},
                             {"reason", "no memory"},
                             {"largest_microbatch", 2}});
  const HtmlSection section = section_of(sweep.dump());
  EXPECT_EQ(section.evidence(), "measured-cpu");
  for (const char* part : {"data-name=\"time-by-microbatch\"", "fp32, tp 1: 20.0 at 2.00",
                           "Not every point was measured.", "no memory (largest that fits: 2)",
                           "<dt>oom</dt><dd>1</dd>"}) {
    EXPECT_THAT(section.html(), HasSubstr(part));
  }
}

}  // namespace
}  // namespace sextant
