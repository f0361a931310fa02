#include "analyzer/profile/export/sailor_export.h"

#include <cmath>
#include <map>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/profile/sailor_format.h"
#include "analyzer/profile/sailor_json.h"

namespace sextant {

namespace {

void check_expressible(const PointDocument& point) {
  if (point.status != PointStatus::kOk) {
    throw_bad_input(fmt::format("{}: the artifact's format has no place for a point of status {}",
                                point.key.text(), to_string(point.status)));
  }
  if (point.key.dtype != "fp32" && point.key.dtype != "tf32") {
    throw_bad_input(
        fmt::format("{}: the artifact's format counts elements of four bytes; expected dtype fp32 "
                    "or tf32, found {}",
                    point.key.text(), point.key.dtype));
  }
}

OrderedJson times_json(const PointDocument& point) {
  double step_s = 0;
  if (!point.update_is_whole_step) {
    for (const LayerRun& run : point.sequence) {
      step_s += run.count * point.kinds[static_cast<std::size_t>(run.kind)].update.median_s;
    }
  }
  OrderedJson out = OrderedJson::object();
  int layer = 0;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    const double update_s = point.update_is_whole_step ? kind.update.median_s : step_s;
    for (int i = 0; i < run.count; ++i) {
      out[std::to_string(layer++)] = {kind.forward.median_s, kind.backward.median_s, update_s};
    }
  }
  return out;
}

/// Memory of every layer; activations divided by `sequences`.
OrderedJson memory_json(const PointDocument& point, int sequences) {
  OrderedJson out = OrderedJson::object();
  int layer = 0;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    const std::pair<const char*, double> fields[] = {
        {"params", kind.parameter_bytes},
        {"act_output", kind.output_bytes / sequences},
        {"act_input", kind.input_bytes / sequences},
        {"act_mem", kind.saved_activation_bytes / sequences}};
    OrderedJson entry;
    for (const auto& [name, bytes] : fields) {
      entry[std::string(name) + "_floats"] = std::llround(bytes / kSailorBytesPerElement);
    }
    for (const auto& [name, bytes] : fields) {
      entry[std::string(name) + "_bytes"] = std::llround(bytes);
    }
    for (int i = 0; i < run.count; ++i) out[std::to_string(layer++)] = entry;
  }
  return out;
}

OrderedJson grid_json(const std::vector<PointDocument>& points) {
  std::map<int, std::map<int, const PointDocument*>> grid;
  for (const PointDocument& point : points) {
    check_expressible(point);
    if (!grid[point.key.microbatch].emplace(point.key.tp, &point).second) {
      throw_bad_input(
          fmt::format("{}: two points of one tensor degree and microbatch", point.key.text()));
    }
  }
  OrderedJson out = OrderedJson::object();
  for (const auto& [microbatch, by_degree] : grid) {
    for (const auto& [tp, point] : by_degree) {
      out[std::to_string(microbatch)][std::to_string(tp)] = times_json(*point);
    }
  }
  return out;
}

/// Puts the artifact's three tables with the points of one model and GPU type in them.
void put_layout(const std::vector<PointDocument>& points, ExportFiles& files) {
  const std::string& model = points.front().key.model;
  const std::string& gpu = points.front().key.gpu;
  const OrderedJson grid = grid_json(points);
  std::map<int, const PointDocument*> smallest;
  for (const PointDocument& point : points) {
    const PointDocument*& known = smallest[point.key.tp];
    if (known == nullptr || point.key.microbatch < known->key.microbatch) known = &point;
  }
  const SailorPaths paths("");
  OrderedJson info = files.shared_table(paths.llm_info);
  OrderedJson tables = files.shared_table(paths.profiles_tmp);
  for (const auto& [tp, point] : smallest) {
    info[model][std::to_string(tp)] = memory_json(*point, point->key.microbatch);
  }
  tables[model][gpu] = grid;
  files.put(paths.planner_profile(model, gpu), python_json(grid));
  files.put(paths.llm_info, python_json(info));
  files.put(paths.profiles_tmp, python_json(tables));
}

void put(const ExportInput& input, ExportFiles& files, std::vector<std::string>&) {
  for (const PointDocument& point : input.points()) {
    files.put(std::filesystem::path("points") / sailor_point_file_name(input.model(), point.key),
              sailor_point_text(point));
  }
  put_layout(input.points(), files);
}

}  // namespace

std::string sailor_point_text(const PointDocument& point) {
  check_expressible(point);
  return python_json({{"timing", times_json(point)}, {"memory", memory_json(point, 1)}});
}

std::string sailor_point_file_name(const std::string& id, const ProfileKey& key) {
  return fmt::format("profile_{}_{}_{}_{}.json", safe_file_name(id), safe_file_name(key.gpu),
                     key.tp, key.microbatch);
}

std::string sailor_profile_text(const std::vector<PointDocument>& points) {
  return python_json(grid_json(points));
}

std::vector<std::filesystem::path> write_sailor_layout(const std::filesystem::path& artifact_dir,
                                                       const std::vector<PointDocument>& points) {
  if (points.empty()) throw_bad_input("no point to write in the artifact's layout");
  const FileLock lock(export_lock(artifact_dir));
  ExportFiles files(artifact_dir);
  put_layout(points, files);
  return files.write();
}

Exporter sailor_exporter() {
  return {"sailor",
          "points/profile_<model>_<gpu>_<tp>_<mbs>.json and the artifact's tree: the planner's "
          "profile.json, llm_info.json, profiles_tmp.json",
          "fp32 or tf32", put};
}

}  // namespace sextant
