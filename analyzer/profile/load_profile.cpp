#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_db.h"
#include "analyzer/profile/profile_grid.h"

namespace sextant {

namespace {

TimeSpread spread_of(const TimeSummary& time) {
  return time.samples > 0 ? TimeSpread{time.p10_s, time.p90_s} : TimeSpread{};
}

LayerTime layer_time(const LayerKindProfile& kind) {
  return {kind.forward.median_s,   kind.backward.median_s,   kind.update.median_s,
          spread_of(kind.forward), spread_of(kind.backward), spread_of(kind.update)};
}

std::vector<LayerTime> layer_times(const PointDocument& point) {
  std::vector<LayerTime> out;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    out.insert(out.end(), static_cast<std::size_t>(run.count), layer_time(kind));
  }
  return out;
}

/// Empty where they are in the times.
std::vector<std::vector<TensorCollective>> layer_collectives(const PointDocument& point) {
  std::vector<std::vector<TensorCollective>> out;
  if (point.collectives_are_timed || point.key.tp == 1) return out;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    out.insert(out.end(), static_cast<std::size_t>(run.count), kind.collectives);
  }
  return out;
}

/// At one sequence; an update does not know sequences.
std::optional<TrainingMemory> training_memory(const LayerKindProfile& kind, double sequences) {
  std::optional<TrainingMemory> memory = kind.training_memory;
  if (memory) {
    memory->forward_workspace_bytes /= sequences;
    memory->backward_workspace_bytes /= sequences;
    memory->alone_peak_bytes = 0;
  }
  return memory;
}

/// Memory at a microbatch of one sequence.
std::vector<LayerMemory> layer_memory(const PointDocument& point) {
  const double sequences = point.key.microbatch;
  std::vector<LayerMemory> out;
  for (const LayerRun& run : point.sequence) {
    const LayerKindProfile& kind = point.kinds[static_cast<std::size_t>(run.kind)];
    out.insert(out.end(), static_cast<std::size_t>(run.count),
               LayerMemory{kind.parameter_bytes, kind.input_bytes / sequences,
                           kind.output_bytes / sequences, kind.saved_activation_bytes / sequences,
                           training_memory(kind, sequences)});
  }
  return out;
}

/// Takes the larger of each field: memory that is predicted too small is a crash. Returns the
/// largest relative difference.
double widen(std::vector<LayerMemory>& memory, const std::vector<LayerMemory>& other) {
  double difference = 0;
  const auto take = [&](double& mine, double theirs) {
    const double larger = std::max(mine, theirs);
    if (larger > 0) difference = std::max(difference, std::abs(mine - theirs) / larger);
    mine = larger;
  };
  for (std::size_t l = 0; l < memory.size(); ++l) {
    take(memory[l].parameter_bytes, other[l].parameter_bytes);
    take(memory[l].input_bytes, other[l].input_bytes);
    take(memory[l].output_bytes, other[l].output_bytes);
    take(memory[l].saved_activation_bytes, other[l].saved_activation_bytes);
    if (!memory[l].training) memory[l].training = other[l].training;
    if (!memory[l].training || !other[l].training) continue;
    for (const auto field :
         {&TrainingMemory::gradient_bytes, &TrainingMemory::optimizer_state_bytes,
          &TrainingMemory::forward_workspace_bytes, &TrainingMemory::backward_workspace_bytes,
          &TrainingMemory::update_workspace_bytes}) {
      take((*memory[l].training).*field, (*other[l].training).*field);
    }
  }
  return difference;
}

/// For each tensor degree and GPU type the point of the smallest microbatch.
std::map<int, std::map<std::string, const PointDocument*>> memory_points(
    const std::vector<PointDocument>& points) {
  std::map<int, std::map<std::string, const PointDocument*>> out;
  for (const PointDocument& point : points) {
    const PointDocument*& known = out[point.key.tp][point.key.gpu];
    if (known == nullptr || point.key.microbatch < known->key.microbatch) known = &point;
  }
  return out;
}

void put_memory(const std::vector<PointDocument>& points, ModelProfile& profile) {
  for (const auto& [tp, by_gpu] : memory_points(points)) {
    double difference = 0;
    std::set<int> scaled_from;
    for (const auto& [gpu, point] : by_gpu) {
      const std::vector<LayerMemory> memory = layer_memory(*point);
      const auto [place, first] = profile.memory.emplace(tp, memory);
      if (!first) difference = std::max(difference, widen(place->second, memory));
      if (point->key.microbatch > 1) scaled_from.insert(point->key.microbatch);
    }
    constexpr double kNoise = 0.01;  // allocators round differently
    if (difference > kNoise) {
      profile.notes.push_back(fmt::format(
          "memory of {} at tp {} differs by {:.0f} % between GPU types; the larger is used",
          profile.model, tp, 100 * difference));
    }
    if (!scaled_from.empty()) {
      profile.notes.push_back(fmt::format("memory of {} at tp {} is scaled down from microbatch {}",
                                          profile.model, tp, fmt::join(scaled_from, ", ")));
    }
  }
}

}  // namespace

ModelProfile model_profile_of(const std::vector<PointDocument>& points) {
  if (points.empty()) throw Error(ErrorCode::kInternal, "a profile of no points");
  const PointDocument& first = points.front();
  ModelProfile profile;
  profile.model = first.key.model;
  profile.variant = first.key.variant;
  profile.layer_count = first.layer_count();
  profile.update_is_whole_step = first.update_is_whole_step;
  profile.recompute = first.key.recompute;
  profile.sequence_parallel = first.key.sequence_parallel;
  for (const PointDocument& point : points) {
    const auto fail = [&](const std::string& what) {
      throw_bad_input(fmt::format("{} ({}): {}; {} ({}) has not", first.key.text(),
                                  quote(first.source, 200), what, point.key.text(),
                                  quote(point.source, 200)));
    };
    if (point.layer_count() != profile.layer_count) {
      fail(fmt::format("has {} layers", profile.layer_count));
    }
    if (point.update_is_whole_step != profile.update_is_whole_step) {
      fail(fmt::format("has update_scope {}",
                       profile.update_is_whole_step ? "whole_step" : "per_layer"));
    }
    if (point.key.seq_len != first.key.seq_len) {
      fail(fmt::format("has sequences of {} tokens", first.key.seq_len));
    }
    profile.points[{point.key.gpu, point.key.tp, point.key.microbatch}] = {
        layer_times(point), point.evidence, point.source, layer_collectives(point)};
  }
  put_memory(points, profile);
  for (const std::string& gpu : profile.gpus()) {
    const std::string holes = describe_holes(grid_holes(profile, gpu));
    if (!holes.empty()) {
      profile.notes.push_back(fmt::format("{} on {}: no point for {}", profile.model, gpu, holes));
    }
  }
  return profile;
}

ModelProfile load_profile(const std::filesystem::path& db_dir, const std::string& model,
                          const std::vector<std::string>& gpus, const std::string& variant,
                          int seq_len) {
  const std::vector<std::string> known = database_gpus(db_dir, model);
  if (known.empty()) {
    throw_bad_input(
        fmt::format("{}: expected a profile database of {}, found none; make one with gather_profs "
                    "or `sextant profile estimate`",
                    (db_dir / "").string(), quote(model)));
  }
  std::vector<PointDocument> points;
  std::string chosen = variant;
  for (const std::string& gpu : gpus.empty() ? known : gpus) {
    if (std::find(known.begin(), known.end(), gpu) == known.end()) {
      throw_bad_input(fmt::format("{}: no profile of {} for GPU type {}; there are {}",
                                  db_dir.string(), quote(model), quote(gpu),
                                  fmt::join(known, ", ")));
    }
    const ProfileDatabase database = read_database(database_path(db_dir, model, gpu));
    const std::vector<std::string> variants = database.variants();
    if (chosen.empty()) {
      if (variants.size() != 1) {
        throw_bad_input(fmt::format("{} on {}: expected the name of one of its variants: {}",
                                    quote(model), quote(gpu), fmt::join(variants, ", ")));
      }
      chosen = variants.front();
    }
    // A variant measured at several lengths goes by names such as fp32@2048.
    const std::string of_length = fmt::format("{}@{}", chosen, seq_len);
    if (std::find(variants.begin(), variants.end(), of_length) != variants.end()) {
      chosen = of_length;
    }
    const bool has_it = std::find(variants.begin(), variants.end(), chosen) != variants.end();
    if (gpus.empty() && !has_it) continue;
    const std::vector<PointDocument> of_gpu = database.points_of(chosen);
    for (const PointDocument& point : of_gpu) {
      const int tokens = point.key.seq_len;  // 0 where the source does not say
      if (seq_len > 0 && tokens > 0 && tokens != seq_len) {
        throw_bad_input(
            fmt::format("{} of {} on {}: expected points of sequences of {} tokens, as "
                        "the job has, found {} tokens; measure them, or change the job",
                        quote(chosen), quote(model), quote(gpu), seq_len, tokens));
      }
    }
    points.insert(points.end(), of_gpu.begin(), of_gpu.end());
  }
  if (points.empty()) {
    throw_bad_input(fmt::format("{}: no GPU type has variant {} of {}", db_dir.string(),
                                quote(chosen), quote(model)));
  }
  return model_profile_of(points);
}

}  // namespace sextant
