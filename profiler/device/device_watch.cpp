#include "profiler/device/device_watch.h"

#include <algorithm>
#include <unistd.h>
#include <utility>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::profiler {

namespace {

class NvmlReadings : public GpuReadingSource {
 public:
  NvmlReadings(NvmlGpu gpu, std::string driver_version)
      : gpu_(std::move(gpu)), driver_version_(std::move(driver_version)) {}

  GpuIdentity identity() override { return gpu_.identity(); }
  std::vector<GpuProcess> processes() override { return gpu_.processes(); }
  std::string driver_version() override { return driver_version_; }
  GpuReadings readings() override { return gpu_.readings(); }
  std::optional<std::uint64_t> clock_events() override { return gpu_.clock_events(); }

 private:
  NvmlGpu gpu_;
  std::string driver_version_;
};

std::uint64_t throttling_part(std::uint64_t clock_events) {
  std::uint64_t part = 0;
  for (std::uint64_t bit = 1; bit != 0; bit <<= 1) {
    if ((clock_events & bit) != 0 && says_throttled(bit)) part |= bit;
  }
  return part;
}

}  // namespace

DeviceWatch::DeviceWatch(std::unique_ptr<GpuReadingSource> source) : source_(std::move(source)) {
  if (const std::string driver = source_->driver_version(); !driver.empty()) {
    identity_["driver"] = driver;
  }
  try {
    const GpuIdentity identity = source_->identity();
    identity_["gpu_name"] = identity.name;
    identity_["gpu_uuid"] = identity.uuid;
    for (GpuProcess& process : source_->processes()) {
      if (process.pid != static_cast<unsigned>(::getpid())) {
        other_processes_.push_back(std::move(process));
      }
    }
  } catch (const Error& error) {
    problem_ = fmt::format("the GPU is watched in part: {}", error.what());
  }
  std::string others;
  for (const GpuProcess& process : other_processes_) {
    others += (others.empty() ? "" : "; ") + process.text();
  }
  if (!others.empty()) identity_["other_processes"] = others;
}

DeviceWatch DeviceWatch::on_gpu(const std::string& bus_id_or_uuid) {
  const Nvml nvml;
  std::string problem = nvml.problem();
  if (nvml.state() == Nvml::State::kWorking) {
    try {
      return DeviceWatch(
          std::make_unique<NvmlReadings>(nvml.find(bus_id_or_uuid), nvml.driver_version()));
    } catch (const Error& error) {
      problem = error.what();
    }
  }
  DeviceWatch nothing;
  nothing.problem_ =
      fmt::format("clocks, temperature and throttling are not watched: {}",
                  problem.empty() ? "there is no libnvidia-ml.so.1 on this machine" : problem);
  return nothing;
}

void DeviceWatch::begin_sample() {
  events_at_begin_ = source_ == nullptr ? 0 : source_->clock_events().value_or(0);
}

bool DeviceWatch::end_sample(int samples) {
  if (source_ == nullptr) return false;
  const GpuReadings now = source_->readings();
  const std::uint64_t events = events_at_begin_ | now.clock_events.value_or(0);
  const bool idle = says_idle(now.clock_events.value_or(0));

  if (now.sm_clock_mhz) take_clock(*now.sm_clock_mhz, idle);
  if (now.temperature_c) {
    conditions_.temperature_c_max = std::max(conditions_.temperature_c_max, *now.temperature_c);
  }
  if (now.power_w) conditions_.power_w_max = std::max(conditions_.power_w_max, *now.power_w);
  any_reading_ = any_reading_ || now.sm_clock_mhz || now.temperature_c || now.power_w ||
                 now.clock_events.has_value();
  throttled_by_ |= throttling_part(events);
  const bool tainted = says_throttled(events);
  if (tainted) conditions_.tainted_samples += samples;
  return tainted;
}

void DeviceWatch::take_clock(double mhz, bool idle) {
  const bool is_first = conditions_.sm_clock_mhz_max == 0;
  if (idle && !is_first && !clocks_are_idle_) return;
  // The clock of an idle GPU says nothing of the samples, and stands only while there is no other.
  const bool replaces = is_first || (clocks_are_idle_ && !idle);
  clocks_are_idle_ = idle;
  conditions_.sm_clock_mhz_min = replaces ? mhz : std::min(conditions_.sm_clock_mhz_min, mhz);
  conditions_.sm_clock_mhz_max = replaces ? mhz : std::max(conditions_.sm_clock_mhz_max, mhz);
}

std::optional<DeviceConditions> DeviceWatch::conditions() const {
  if (!any_reading_) return std::nullopt;
  DeviceConditions conditions = conditions_;
  conditions.throttle_reasons = clock_event_names(throttled_by_);
  return conditions;
}

void DeviceWatch::reset() {
  conditions_ = {};
  events_at_begin_ = throttled_by_ = 0;
  any_reading_ = clocks_are_idle_ = false;
}

std::map<std::string, std::string> DeviceWatch::provenance() const {
  std::map<std::string, std::string> provenance = identity_;
  if (source_ == nullptr) return provenance;
  const GpuReadings now = source_->readings();
  const auto add = [&](const char* name, const std::optional<double>& value) {
    if (value) provenance[name] = fmt::format("{:.0f}", *value);
  };
  add("sm_clock_mhz", now.sm_clock_mhz);
  add("memory_clock_mhz", now.memory_clock_mhz);
  add("temperature_c", now.temperature_c);
  add("power_w", now.power_w);
  add("power_cap_w", now.power_cap_w);
  return provenance;
}

}  // namespace sextant::profiler
