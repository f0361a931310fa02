// Document kinds cluster, cluster_summary, model, gpu, prices and calibration; and every document
// that is shipped.
#include <filesystem>

#include <gmock/gmock.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "tests/report/views/view_of_text.h"
#include "tests/support/project_paths.h"

namespace sextant {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using testing::section_of;
using testing::sections_of;

constexpr const char* kHostile = "<img src=x onerror=alert(1)> \"$(touch x)\"";

std::string shipped(const std::string& file) {
  return read_file(source_path("profiles/" + file));
}

TEST(ClusterView, ShowsPoolsPricesAndLinks) {
  const HtmlSection section = section_of(shipped("clusters/geo.json"));
  EXPECT_EQ(section.title(), "Cluster: geo");
  EXPECT_EQ(section.evidence(), "estimated");
  for (const char* part :
       {"<dt>GPUs</dt><dd>160</dd>", "<dt>all of it</dt><dd>$535.68 an hour</dd>",
        "data-name=\"cluster\"", "V100-16: 16 machines, 64 GPUs, $2.86 an hour and GPU",
        "<td>us-central1-a</td><td>us-west1-b</td><td class=\"number\" data-value=\"0.02\">",
        "data-name=\"links-between_zones\"", "Ethernet, 32 Gb/s a machine", "40 GiB</td>"}) {
    EXPECT_THAT(section.html(), HasSubstr(part)) << part;
  }
}

TEST(ClusterView, TakesWhatADocumentLeavesOutFromTheDataSheet) {
  const OrderedJson cluster = {
      {"schema", "sextant/cluster/1.0"},
      {"name", kHostile},
      {"pools",
       {{{"gpu", "H100-80"},
         {"zone", kHostile},
         {"count", 12},
         {"gpus_per_node", 8},
         {"quota", 16}},
        {{"gpu", kHostile}, {"zone", "yard"}, {"nodes", 2}, {"gpus_per_node", 4}}}},
      {"network", "links.json"}};
  const std::string html = section_of(cluster.dump()).html();
  EXPECT_THAT(html, HasSubstr("H100-80: 2 machines, 12 GPUs"));
  EXPECT_THAT(html, HasSubstr("80 GiB</td>"));
  EXPECT_THAT(html, HasSubstr("quota of 16 GPUs"));
  EXPECT_THAT(html, HasSubstr("Network: links.json"));
  EXPECT_THAT(html, Not(HasSubstr("<dt>all of it</dt>")));
  EXPECT_THAT(html, Not(HasSubstr("<img")));
}

TEST(ClusterView, NamesTheBrokenMember) {
  OrderedJson cluster = OrderedJson::parse(shipped("clusters/geo.json"));
  cluster["pools"][1]["gpus_per_node"] = 0;
  ReportInputs inputs;
  inputs.documents.emplace_back(new JsonDocument(JsonDocument::parse(cluster.dump(), "c.json")));
  try {
    report_sections(inputs);
    ADD_FAILURE();
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), HasSubstr("c.json at \"/pools/1/gpus_per_node\""));
  }
}

TEST(ClusterView, ShowsASummary) {
  const OrderedJson summary = {{"schema", "sextant/cluster_summary/1.0"},
                               {"name", "two"},
                               {"cluster", "8xT4@hall"},
                               {"gpus", 8},
                               {"usd_per_hour", 0},
                               {"price_date", ""},
                               {"network", "<links>"},
                               {"pools",
                                {{{"gpu", "T4"},
                                  {"zone", "hall"},
                                  {"count", 8},
                                  {"nodes", 2},
                                  {"gpus_per_node", 4},
                                  {"memory_bytes", 16e9},
                                  {"usd_per_gpu_hour", 0}}}},
                               {"links",
                                {{{"from", "4xT4@hall"},
                                  {"to", "4xT4@hall"},
                                  {"peak_bytes_per_s", nullptr},
                                  {"egress_usd_per_byte", 2e-11}}}},
                               {"notes", {"no prices"}}};
  const std::string html = section_of(summary.dump()).html();
  for (const char* part : {"data-name=\"cluster\"", "no link", "&lt;links&gt;", "no prices",
                           "an unknown date", "0.020</td>"}) {
    EXPECT_THAT(html, HasSubstr(part)) << part;
  }
}

TEST(ModelView, ShowsWhatLayersCost) {
  const HtmlSection section = section_of(shipped("models/OPT-350M.json"));
  EXPECT_EQ(section.title(), "Model: OPT-350M");
  EXPECT_THAT(section.html(), HasSubstr("<dt>parameters</dt><dd>331 M</dd>"));
  EXPECT_THAT(section.html(), HasSubstr("<td>block</td><td class=\"number\" data-value=\"24\">24"));
}

TEST(GpuView, ShowsEveryFigureWithItsSource) {
  const HtmlSection section = section_of(shipped("gpus/A100-40.json"));
  EXPECT_EQ(section.title(), "GPU type: A100-40");
  EXPECT_THAT(section.html(), HasSubstr("<td>peak in bf16</td><td class=\"number\" "
                                        "data-value=\"312\">312</td><td>TFLOP/s</td>"));
  // 312 TFLOP/s over 1555 GB/s.
  EXPECT_THAT(section.html(), HasSubstr(">201</td>"));
}

TEST(PricesView, ListsPrices) {
  const HtmlSection section = section_of(shipped("prices/google-cloud.json"));
  EXPECT_EQ(section.title(), "Prices of 2025-10-13");
  EXPECT_THAT(section.html(), HasSubstr("<td>A100-40</td><td>any other</td><td class=\"number\" "
                                        "data-value=\"3.673385\">$3.67</td>"));
  EXPECT_THAT(section.html(), HasSubstr("Traffic between zones"));
}

TEST(CalibrationView, ShowsParametersBesideTheirDefaultsAndRunsThatWereLeftOut) {
  const OrderedJson errors = {{"runs", 3}, {"before", 0.2}, {"after", 0.05}};
  const OrderedJson none = {{"runs", 0}, {"before", 0}, {"after", 0}};
  const OrderedJson calibration = {
      {"schema", "sextant/calibration/1.0"},
      {"name", kHostile},
      {"evidence", "measured-gpu"},
      {"parameters", {{"process_bytes", 2147483648.0}}},
      {"fit",
       {{"parameters",
         {{{"name", "process_bytes"},
           {"before", 1.5e9},
           {"after", 2147483648.0},
           {"adopted", true},
           {"runs", 3},
           {"note", kHostile}}}},
        {"left_out_error", {{"time", errors}, {"memory", none}}},
        {"runs",
         {{{"name", kHostile}, {"measured_s", 1.0}, {"before_s", 1.2}, {"after_s", 1.05}}}}}}};
  const HtmlSection section = section_of(calibration.dump());
  EXPECT_EQ(section.evidence(), "measured-gpu");
  for (const char* part : {"data-value=\"2147483648\">2 GiB</td>", ">1.4 GiB</td>",
                           "data-name=\"time\"", "predicted 1.05 s, measured 1.00 s, +5.0 %",
                           "<td>time</td><td class=\"number\" data-value=\"3\">3</td>"}) {
    EXPECT_THAT(section.html(), HasSubstr(part)) << part;
  }
  EXPECT_THAT(section.html(), Not(HasSubstr("data-name=\"memory\"")));
  EXPECT_THAT(section.html(), Not(HasSubstr("<img")));
}

TEST(Views, EveryShippedDocumentIsShown) {
  int documents = 0;
  for (const char* folder : {"clusters", "gpus", "jobs", "models", "prices"}) {
    for (const auto& entry :
         std::filesystem::directory_iterator(source_path(std::string("profiles/") + folder))) {
      SCOPED_TRACE(entry.path().string());
      const std::string text = read_file(entry.path());
      const std::string page = html_page("page", sections_of({text}));
      EXPECT_THAT(page, HasSubstr("</html>"));
      EXPECT_EQ(html_page("page", sections_of({text})), page);
      ++documents;
    }
  }
  EXPECT_GT(documents, 20);
}

}  // namespace
}  // namespace sextant
