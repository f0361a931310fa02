#include "analyzer/training/metis/tables.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "analyzer/training/published_tables.h"

namespace sextant::metis {

namespace {

constexpr double kMillisecondsPerSecond = 1e3;
constexpr double kBytesPerMib = 1024.0 * 1024.0;
/// Weights, gradients, Adam's two moments and a copy of the weights: how the published tables of
/// memory were made (20 B a parameter in fp32).
constexpr double kStatesPerParameter = 5;
/// The published planner has these two folders open, so a cluster of one of them is bound by the
/// other's profile too.
const std::vector<std::string> kPlannersGpus = {"A100-40", "V100-16"};
/// The files that the recorded runs came upon first were mbs2_tmp1.json of the first of these:
/// their estimates hold its parameters and its optimizer step.
const std::vector<std::string> kValidationGpus = {"A100-80", "A100-40", "V100-16"};
constexpr int kReferenceMicrobatch = 2;
constexpr int kMostDegree = 1 << 16;

using PointName = std::pair<int, int>;  ///< microbatch size, tensor degree

/// A number from 1 at the start of `text`, which loses it; nothing where there is none.
std::optional<int> take_number(std::string_view& text) {
  int value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || value < 1 || value > kMostDegree) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

/// "mbs4_tmp2.json".
std::optional<PointName> point_name(std::string_view file) {
  const auto take = [&](std::string_view expected) {
    if (!file.starts_with(expected)) return false;
    file.remove_prefix(expected.size());
    return true;
  };
  if (!take("mbs")) return std::nullopt;
  const auto microbatch = take_number(file);
  if (!microbatch || !take("_tmp")) return std::nullopt;
  const auto tp = take_number(file);
  if (!tp || file != ".json") return std::nullopt;
  return PointName(*microbatch, *tp);
}

std::string file_name(const PointName& name) {
  return fmt::format("mbs{}_tmp{}.json", name.first, name.second);
}

std::vector<double> layers_of(const JsonNode& list, int layers) {
  const std::vector<JsonNode> elements = list.elements();
  if (elements.size() != static_cast<std::size_t>(layers)) {
    list.fail(fmt::format("{} layers", layers), fmt::format("{}", elements.size()));
  }
  std::vector<double> out;
  for (const JsonNode& element : elements) out.push_back(element.non_negative());
  return out;
}

std::size_t index(int i) {
  return static_cast<std::size_t>(i);
}

}  // namespace

/// Where a GPU type's points come from.
struct Tables::Source {
  std::string gpu;
  std::filesystem::path folder;                        ///< of published tables; empty: the profile
  std::map<PointName, std::unique_ptr<Point>> points;  ///< null until asked for

  int least_tp() const {
    int least = kMostDegree;
    for (const auto& [name, point] : points) least = std::min(least, name.second);
    return least;
  }
  int largest_tp() const {
    int largest = 1;
    for (const auto& [name, point] : points) largest = std::max(largest, name.second);
    return largest;
  }
  int largest_microbatch() const {
    const int tp = least_tp();
    int largest = 1;
    for (const auto& [name, point] : points) {
      if (name.second == tp) largest = std::max(largest, name.first);
    }
    return largest;
  }
  /// The one that stands for all: of the least degree, of the reference's size or the smallest.
  PointName reference() const {
    const int tp = least_tp();
    const PointName wanted(kReferenceMicrobatch, tp);
    if (points.contains(wanted)) return wanted;
    for (const auto& [name, point] : points) {
      if (name.second == tp) return name;
    }
    return wanted;
  }
};

LayerSums::LayerSums(const std::vector<double>& layers) {
  for (const double layer : layers) before_.push_back(before_.back() + layer);
}

Tables::Tables(const TrainingProblem& problem, std::vector<std::string> gpus, Reader reader)
    : problem_(problem), gpus_(std::move(gpus)) {
  for (const std::string& gpu : gpus_) {
    Source source = source_of(gpu);
    if (source.points.empty()) {
      throw_bad_input(
          fmt::format("metis: neither published tables nor a profile of {} on {}; {}",
                      quote(problem.profile.model), quote(gpu),
                      fmt::format("profiled are {}", fmt::join(problem.profile.gpus(), ", "))));
    }
    sources_.push_back(std::move(source));
  }
  largest_microbatch_ = kMostDegree;
  const auto bound = [&](const Source& source) {
    largest_tp_ = std::max(largest_tp_, source.largest_tp());
    largest_microbatch_ = std::min(largest_microbatch_, source.largest_microbatch());
  };
  for (const Source& source : sources_) bound(source);
  const bool as_published = std::all_of(sources_.begin(), sources_.end(), [](const Source& source) {
    return !source.folder.empty() &&
           std::find(kPlannersGpus.begin(), kPlannersGpus.end(), source.gpu) != kPlannersGpus.end();
  });
  if (reader == Reader::kPlanner && as_published) {
    for (const std::string& gpu : kPlannersGpus) {
      if (const Source other = source_of(gpu); !other.folder.empty()) bound(other);
    }
  }
  choose_reference(reader);
}

Tables::~Tables() = default;

Tables::Source Tables::source_of(const std::string& gpu) const {
  Source source;
  source.gpu = gpu;
  const auto folder = find_published_table(
      problem_, {fmt::format("Metis/profiles/{}/{}", problem_.profile.model, gpu)});
  if (folder && std::filesystem::is_directory(*folder)) {
    for (const auto& entry : std::filesystem::directory_iterator(*folder)) {
      if (const auto name = point_name(entry.path().filename().string())) source.points[*name];
    }
    // Tables of another number of layers are of another cut of the model.
    if (!source.points.empty() &&
        read_published(*folder / file_name(source.points.begin()->first)) != nullptr) {
      source.folder = *folder;
      return source;
    }
    source.points.clear();
  }
  for (const auto& [key, point] : problem_.profile.points) {
    if (key.gpu == gpu && problem_.profile.memory.contains(key.tp)) {
      source.points[{key.microbatch, key.tp}];
    }
  }
  return source;
}

std::unique_ptr<Point> Tables::read_published(const std::filesystem::path& file) const {
  const JsonDocument document = JsonDocument::read(file);
  const JsonNode model = document.root().at("model");
  const int layers = model.at("num_layers").count();
  if (layers != problem_.profile.layer_count) return nullptr;
  auto point = std::make_unique<Point>();
  point->parameter_bytes =
      layers_of(model.at("parameters").at("parameters_per_layer_bytes"), layers);
  const JsonNode time = document.root().at("execution_time");
  point->layer_ms = layers_of(time.at("layer_compute_total_ms"), layers);
  point->compute_ms = LayerSums(point->layer_ms);
  if (!(point->compute_ms.total() > 0)) {
    time.at("layer_compute_total_ms").fail("times that are not all 0");
  }
  point->optimizer_ms = time.at("optimizer_time_ms").non_negative();
  point->fb_sync_ms = time.at("forward_backward_time_ms").positive() - point->compute_ms.total();
  point->memory_mib = LayerSums(
      layers_of(document.root().at("execution_memory").at("layer_memory_total_mb"), layers));
  return point;
}

std::unique_ptr<Point> Tables::derive(const std::string& gpu, int microbatch, int tp) const {
  const ProfilePoint& times = problem_.profile.at(gpu, tp, microbatch);
  const std::vector<LayerMemory>& memory = problem_.profile.memory_at(tp);
  const double state_bytes =  // of a byte of parameters
      kStatesPerParameter * element_bytes(DataType::kFp32) / element_bytes(problem_.job.dtype);
  auto point = std::make_unique<Point>();
  std::vector<double> mib;
  for (int l = 0; l < problem_.profile.layer_count; ++l) {
    const LayerTime& time = times.layers[index(l)];
    const LayerMemory& bytes = memory[index(l)];
    point->layer_ms.push_back((time.forward_s + time.backward_s) * kMillisecondsPerSecond);
    point->optimizer_ms += time.update_s * kMillisecondsPerSecond;
    point->parameter_bytes.push_back(bytes.parameter_bytes);
    mib.push_back(
        (bytes.parameter_bytes * state_bytes + bytes.saved_activation_bytes * microbatch) /
        kBytesPerMib);
  }
  point->compute_ms = LayerSums(point->layer_ms);
  if (!(point->compute_ms.total() > 0)) {
    throw_bad_input(fmt::format("{}: expected times of layers that are not all 0", times.source));
  }
  point->memory_mib = LayerSums(mib);
  return point;
}

std::unique_ptr<Point> Tables::read(const Source& source, int microbatch, int tp) const {
  if (source.folder.empty()) return derive(source.gpu, microbatch, tp);
  const std::filesystem::path file = source.folder / file_name({microbatch, tp});
  std::unique_ptr<Point> point = read_published(file);
  if (point == nullptr) {
    throw_bad_input(fmt::format("{} at /model/num_layers: expected {} layers as in {}",
                                file.string(), problem_.profile.layer_count,
                                file_name(source.points.begin()->first)));
  }
  return point;
}

const Point* Tables::find(int gpu, int microbatch, int tp) {
  Source& source = sources_[index(gpu)];
  const auto found = source.points.find({microbatch, tp});
  if (found == source.points.end()) return nullptr;
  if (found->second == nullptr) found->second = read(source, microbatch, tp);
  return found->second.get();
}

const Point& Tables::at(int gpu, int microbatch, int tp) {
  if (const Point* point = find(gpu, microbatch, tp)) return *point;
  const Source& source = sources_[index(gpu)];
  std::vector<std::string> there;
  for (const auto& [name, point] : source.points) {
    there.push_back(fmt::format("{} at tp {}", name.first, name.second));
  }
  throw_bad_input(fmt::format("metis: {} has no microbatch size {} at tp {} of {} on {}; it has {}",
                              source.folder.empty() ? "the profile" : source.folder.string(),
                              microbatch, tp, quote(problem_.profile.model), quote(source.gpu),
                              fmt::join(there, ", ")));
}

void Tables::choose_reference(Reader reader) {
  const bool published = std::any_of(sources_.begin(), sources_.end(),
                                     [](const Source& one) { return !one.folder.empty(); });
  std::optional<Source> first;
  if (published) {
    for (const std::string& gpu : reader == Reader::kPlanner ? kPlannersGpus : kValidationGpus) {
      Source candidate = source_of(gpu);
      if (candidate.folder.empty()) continue;
      first = std::move(candidate);
      break;
    }
  }
  const Source& source = first ? *first : sources_.front();
  const auto [microbatch, tp] = source.reference();
  const std::unique_ptr<Point> point = read(source, microbatch, tp);
  // All published ones are of degree 1; of another, what one rank holds and updates is as much
  // less.
  std::vector<double> parameters = point->parameter_bytes;
  for (double& layer : parameters) layer *= tp;
  reference_.parameter_bytes = LayerSums(parameters);
  reference_.optimizer_ms = point->optimizer_ms * tp;
  reference_.layer_ms = point->layer_ms;
}

}  // namespace sextant::metis
