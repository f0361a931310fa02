// Every file that we export is laid out as the published one, and says the same where both come
// from the same measurement.
#include <cmath>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "analyzer/profile/profile_source.h"
#include "tests/profile/export_points.h"
#include "tests/support/reference_data.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;

bool is_number(const std::string& text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
}

/// Every path through a value and the type at its end; array indices and keys that are numbers
/// (layers, microbatches, degrees) are one place.
void collect_paths(const Json& value, const std::string& path, std::set<std::string>& out) {
  if (value.is_object()) {
    out.insert(path + " object");
    for (const auto& [key, member] : value.items()) {
      collect_paths(member, path + "/" + (is_number(key) ? "#" : key), out);
    }
  } else if (value.is_array()) {
    out.insert(path + " array");
    for (const Json& element : value) collect_paths(element, path + "/[]", out);
  } else {
    out.insert(path + (value.is_number() ? " number" : value.is_string() ? " string" : " other"));
  }
}

std::set<std::string> layout(const Json& value) {
  std::set<std::string> out;
  collect_paths(value, "", out);
  return out;
}

/// The first place where two values differ by more than rounding, "" where they do not.
std::string difference(const Json& a, const Json& b, const std::string& path = "") {
  if (a.is_number() && b.is_number()) {
    const double x = a.get<double>();
    const double y = b.get<double>();
    const double bound = 1e-9 * std::max({std::abs(x), std::abs(y), 1e-9});
    return std::abs(x - y) <= bound ? "" : path + ": " + a.dump() + " and " + b.dump();
  }
  if (a.type() != b.type() || a.size() != b.size()) return path + ": of different kinds";
  if (!a.is_structured()) return a == b ? "" : path + ": " + a.dump() + " and " + b.dump();
  for (const auto& [key, member] : a.items()) {
    if (a.is_object() && !b.contains(key)) return path + "/" + key + ": absent";
    const Json& other = a.is_object() ? b.at(key) : b.at(std::stoul(key));
    const std::string found = difference(member, other, path + "/" + key);
    if (!found.empty()) return found;
  }
  return "";
}

Json read_json(const fs::path& path) {
  return Json::parse(read_file(path));
}

class ExportLayout : public ::testing::Test {
 protected:
  void SetUp() override {
    const fs::path root = reference_data("baselines");
    SEXTANT_NEEDS(root)
    published_ = root / "data";
  }
  fs::path write(const std::string& format, std::vector<PointDocument> points) {
    export_profiles(exporter_named(format), {ExportInput(std::move(points), {})}, folder_.path());
    return folder_.path();
  }
  /// Points of the Sailor artifact, which the published tables derive from.
  static std::vector<PointDocument> artifact_points(const std::string& gpu,
                                                    const std::string& table) {
    std::vector<std::string> notes;
    return sailor_databases(reference_data("sailor"), "OPT-350", gpu, notes)
        .front()
        .points_of("artifact/" + table);
  }

  fs::path published_;
  TemporaryFolder folder_;
};

TEST_F(ExportLayout, IsThatOfThePublishedJsonFiles) {
  const std::vector<std::array<std::string, 3>> files = {
      {"varuna", "Varuna/profiles/", "profile_4.json"},
      {"metis", "Metis/profiles/", "mbs2_tmp4.json"},
      {"piper", "Piper/profiles/", "profile.json"},
      {"galvatron", "Galvatron/profiles/", "compute_profile.json"},
      {"galvatron", "Galvatron/profiles/", "memory_profile.json"}};
  for (const auto& [format, folder, name] : files) {
    SCOPED_TRACE(format);
    const fs::path out = write(format, export_grid());
    EXPECT_EQ(layout(read_json(out / folder / "toy/A100-40" / name)),
              layout(read_json(published_ / folder / "OPT-350/A100-40" / name)));
  }
}

TEST_F(ExportLayout, IsThatOfThePublishedSharedTables) {
  const std::string overlap = "Galvatron/overlap_coe_dicts.json";
  EXPECT_EQ(layout(read_json(write("galvatron", export_grid()) / overlap).at("A100-40")),
            layout(read_json(published_ / overlap).at("A100-40")));
  const Json ours =
      read_json(write("flashflex", export_grid()) / "FlashFlex/src/machine_amounts.json");
  const Json theirs = read_json(published_ / "FlashFlex/machine_amounts.json");
  for (const char* part : {"machine_specs", "machine_amounts"}) {
    EXPECT_EQ(layout(ours.at(part).at("A100-40")), layout(theirs.at(part).at("A100-40"))) << part;
  }
}

TEST_F(ExportLayout, IsThatOfThePublishedAcesoTable) {
  // Lines and columns; the figures are another model's.
  const auto lines_and_columns = [](const std::string& text) {
    std::vector<std::string> out;
    for (std::size_t begin = 0; begin < text.size();) {
      const std::size_t end = text.find("\r\n", begin);
      EXPECT_NE(end, std::string::npos) << "a line without its end";
      if (end == std::string::npos) break;
      const std::string line = text.substr(begin, end - begin);
      const auto commas = std::count(line.begin(), line.end(), ',');
      out.push_back((begin == 0 ? line : line.substr(0, line.find(','))) + " " +
                    std::to_string(commas));
      begin = end + 2;
    }
    return out;
  };
  const std::string folder = "/A100-40/profiled-data-fp32/";
  const fs::path out = write("aceso", export_grid());
  EXPECT_EQ(lines_and_columns(
                read_file(out.string() + "/Aceso/profiler" + folder + "toy_mbs1_tp2_algo0.csv")),
            lines_and_columns(read_file((published_ / "Aceso").string() + folder +
                                        "OPT-350_mbs1_tp2_algo0.csv")));
}

TEST_F(ExportLayout, AmpIsByteForByteThePublishedArray) {
  for (const auto& [gpu, table] : {std::pair{"A100-40", "planner"}, {"GH-96", "simulator"}}) {
    const fs::path out = write("amp", artifact_points(gpu, table));
    for (const char* name : {"profile_1.npy", "profile_2.npy", "profile_4.npy"}) {
      const fs::path file = fs::path("AMP/profiles/OPT-350") / gpu / name;
      EXPECT_TRUE(read_file(out / file) == read_file(published_ / file)) << file;
    }
  }
}

TEST_F(ExportLayout, MetisSaysWhatThePublishedFilesSaySaveForTheOptimizer) {
  const fs::path out = write("metis", artifact_points("A100-40", "planner"));
  int compared = 0;
  for (const auto& entry : fs::directory_iterator(published_ / "Metis/profiles/OPT-350/A100-40")) {
    Json theirs = read_json(entry.path());
    const Json ours = read_json(out / "Metis/profiles/OPT-350/A100-40" / entry.path().filename());
    // They count the whole model's step once for each of the 26 layers.
    Json& time = theirs["execution_time"];
    const double step_ms = time["optimizer_time_ms"].get<double>() / 26;
    time["total_time_ms"] = time["forward_backward_time_ms"].get<double>() + step_ms;
    time["optimizer_time_ms"] = step_ms;
    EXPECT_EQ(difference(ours, theirs), "") << entry.path();
    ++compared;
  }
  EXPECT_EQ(compared, 12);
}

TEST_F(ExportLayout, PiperSaysWhatThePublishedFileSays) {
  const fs::path file = "Piper/profiles/OPT-350/A100-40/profile.json";
  const fs::path out = write("piper", artifact_points("A100-40", "planner"));
  EXPECT_EQ(difference(read_json(out / file), read_json(published_ / file)), "");
}

TEST_F(ExportLayout, VarunaSaysWhatThePublishedFilesSayGivenTheirPeaks) {
  const fs::path folder = "Varuna/profiles/OPT-350/A100-40";
  std::vector<PointDocument> points = artifact_points("A100-40", "planner");
  // The artifact's point tables have no peak of a layer alone: it is taken from Varuna's, which
  // keeps one machine's (tp = 1) at every degree.
  for (PointDocument& point : points) {
    const int tp = point.key.tp;
    const Json theirs =
        read_json(published_ / folder / ("profile_" + std::to_string(tp) + ".json"));
    std::size_t layer = 0;
    for (const LayerRun& run : point.sequence) {
      const double peak = theirs.at(std::to_string(layer))
                              .at(std::to_string(point.key.microbatch))
                              .at("mem_required");
      LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
      kind.training_memory = TrainingMemory{.alone_peak_bytes = peak / tp};
      layer += static_cast<std::size_t>(run.count);
    }
  }
  const fs::path out = write("varuna", points);
  for (const char* name : {"profile_1.json", "profile_2.json", "profile_4.json"}) {
    EXPECT_EQ(difference(read_json(out / folder / name), read_json(published_ / folder / name)), "")
        << name;
  }
}

}  // namespace
}  // namespace sextant
