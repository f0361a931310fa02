// sextant_profile_rank REQUEST: one rank of a sweep. profile_model starts it; what it says on
// stdout is described in profiler/protocol/profile_request.h.

#include <ATen/ATen.h>
#include <ATen/Context.h>
#include <c10/util/Exception.h>
#include <cstdlib>
#include <torch/csrc/distributed/c10d/Store.hpp>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/json_document.h"
#include "cli/program.h"
#include "profiler/device/device.h"
#include "profiler/measure/point_measurement.h"
#include "profiler/measure/serving_measurement.h"
#include "profiler/model/collectives.h"
#include "profiler/model/process_group.h"

namespace {

using namespace sextant;
using namespace sextant::profiler;

/// An integer of the environment; torchrun's names, so that any launcher of its kind starts us.
int from_environment(const char* name, int otherwise) {
  const char* const text = std::getenv(name);
  if (text == nullptr) return otherwise;
  char* end = nullptr;
  const long value = std::strtol(text, &end, 10);
  constexpr long kMost = 1 << 20;
  if (end == text || *end != '\0' || value < 0 || value > kMost) {
    throw_usage(fmt::format("{} is {}, not a number", name, quote(text)));
  }
  return static_cast<int>(value);
}

struct World {
  int rank = from_environment("RANK", 0);
  int size = from_environment("WORLD_SIZE", 1);
  int local_rank = from_environment("LOCAL_RANK", rank);
};

class Rank {
 public:
  Rank(ProfileRequest request, const World& world)
      : request_(std::move(request)),
        world_(world),
        device_(request_.device == DeviceKind::kCpu
                    ? open_cpu_device(request_.memory_limit_bytes)
                    : open_cuda_device(world.local_rank, request_.memory_limit_bytes)) {
    // TF32 is one of the data types here: plain fp32 must not fall into it.
    at::globalContext().setFloat32MatmulPrecision(request_.dtype == DataType::kTf32 ? "high"
                                                                                    : "highest");
    if (!request_.real_collectives) return;
    constexpr auto kTimeout = std::chrono::minutes(10);
    const double before = device_->memory().outside_allocator();
    group_ = join_group(store_from_environment(world.rank, world.size, kTimeout), world.rank,
                        world.size, device_->torch_device(), kTimeout);
    // Buffers are made by the first collective.
    at::Tensor first = at::zeros({1}, at::TensorOptions().device(device_->torch_device()));
    group_->all_reduce_sum(first);
    device_->synchronize();
    buffer_bytes_ = device_->memory().outside_allocator() - before;
  }

  int run() {
    for (const GridPoint& point : request_.points) {
      say({RankEvent::Kind::kBegin, point, "", ""});
      const Result result = measure(point);
      say({RankEvent::Kind::kResult, point, result.document, ""});
      // A failed kernel or collective leaves the process unfit for more.
      if (result.failed) return static_cast<int>(ErrorCode::kPartial);
    }
    return 0;
  }

 private:
  struct Result {
    std::string document;
    bool failed = false;
  };

  Result measure(const GridPoint& point) {
    try {
      if (group_ == nullptr) {
        LoneShard lone(point.tp);
        return {document_of(point, {*device_, lone})};
      }
      if (group_->size() != point.tp) {
        throw_usage(fmt::format("{} ranks for tp {}", group_->size(), point.tp));
      }
      return {document_of(point, {*device_, *group_, buffer_bytes_, true})};
    } catch (const c10::Error& failure) {
      return {failed_document(point, failure.what_without_backtrace()), true};
    } catch (const std::exception& failure) {
      return {failed_document(point, failure.what()), true};
    }
  }

  std::string document_of(const GridPoint& point, const RankSetting& setting) const {
    if (request_.mode == Mode::kServe) {
      return serving_document_text(measure_serving(request_, point, setting));
    }
    return point_document_text(measure_point(request_, point, setting));
  }

  /// What the two kinds of document have in common.
  template <typename Document>
  void describe_failure(Document& document, const std::string& reason) const {
    document.status = PointStatus::kError;
    document.reason = reason;
    document.evidence = device_->evidence();
    document.provenance = rank_provenance(request_, *device_);
  }

  std::string failed_document(const GridPoint& point, const std::string& reason) const {
    if (request_.mode == Mode::kServe) {
      ServingDocument document;
      document.key = serving_key(point_key(request_, point));
      describe_failure(document, reason);
      return serving_document_text(document);
    }
    PointDocument document;
    document.key = point_key(request_, point);
    describe_failure(document, reason);
    return point_document_text(document);
  }

  void say(const RankEvent& event) const {
    if (world_.rank != 0) return;
    const std::string line = event_line(event);
    std::fwrite(line.data(), 1, line.size(), stdout);
    std::fflush(stdout);
  }

  ProfileRequest request_;
  World world_;
  std::unique_ptr<Device> device_;
  std::unique_ptr<Collectives> group_;
  double buffer_bytes_ = 0;  ///< of device memory, the group's
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App program{"One rank of a profiling sweep; profile_model starts it.",
                   "sextant_profile_rank"};
  std::string request;
  program.add_option("request", request, "What to measure, as profile_model wrote it")->required();
  return cli::program_main(program, argc, argv, [&] {
    const JsonDocument document = JsonDocument::read(request);
    return Rank(profile_request_from(document.root_of_kind("profile_request", 1)), World{}).run();
  });
}
