#include "profiler/device/kernel_trace.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdlib>
#include <cupti.h>
#include <cxxabi.h>
#include <dlfcn.h>
#include <mutex>
#include <new>
#include <unordered_map>
#include <utility>

#include <fmt/format.h>

#include "profiler/device/cupti_problem.h"

namespace sextant::profiler {

// cupti_problem.cpp knows these by number, so that it is compiled and tested without CUPTI.
static_assert(CUPTI_ERROR_NOT_COMPATIBLE == 14 && CUPTI_ERROR_NOT_INITIALIZED == 15 &&
              CUPTI_ERROR_HARDWARE_BUSY == 26 &&
              CUPTI_ERROR_VIRTUALIZED_DEVICE_NOT_SUPPORTED == 33 &&
              CUPTI_ERROR_INSUFFICIENT_PRIVILEGES == 35 &&
              CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED == 39 &&
              CUPTI_ERROR_VIRTUALIZED_DEVICE_INSUFFICIENT_PRIVILEGES == 40 &&
              CUPTI_ERROR_CONFIDENTIAL_COMPUTING_NOT_SUPPORTED == 41 &&
              CUPTI_ERROR_MIG_DEVICE_NOT_SUPPORTED == 43 && CUPTI_ERROR_UNKNOWN == 999);

// A newer CUPTI appends to its kernel records and gives them a new name; what is read here has not
// moved since CUDA 12.0, whose record is number 9.
using KernelActivity = CUpti_ActivityKernel9;
#if CUPTI_API_VERSION >= 130000
static_assert(offsetof(CUpti_ActivityKernel10, start) == offsetof(KernelActivity, start) &&
              offsetof(CUpti_ActivityKernel10, end) == offsetof(KernelActivity, end) &&
              offsetof(CUpti_ActivityKernel10, gridX) == offsetof(KernelActivity, gridX) &&
              offsetof(CUpti_ActivityKernel10, blockZ) == offsetof(KernelActivity, blockZ) &&
              offsetof(CUpti_ActivityKernel10, correlationId) ==
                  offsetof(KernelActivity, correlationId) &&
              offsetof(CUpti_ActivityKernel10, name) == offsetof(KernelActivity, name));
#endif

namespace {

/// Of one buffer: some ten thousand kernels.
constexpr std::size_t kBufferBytes = std::size_t{4} << 20;
constexpr std::align_val_t kBufferAlignment{8};  // cupti_activity.h, ACTIVITY_RECORD_ALIGNMENT

/// Kineto's are CUSTOM0 and CUSTOM1.
constexpr CUpti_ExternalCorrelationKind kPlaces = CUPTI_EXTERNAL_CORRELATION_KIND_CUSTOM2;

/// API records themselves are not used, but a place is told only beside one (a launch through the
/// runtime has the first kind, cuBLAS's and NCCL's own through the driver the second).
constexpr std::array kActivities = {CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL,
                                    CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION,
                                    CUPTI_ACTIVITY_KIND_RUNTIME, CUPTI_ACTIVITY_KIND_DRIVER};

std::string demangle(const char* name) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> text(
      abi::__cxa_demangle(name, nullptr, nullptr, &status), &std::free);
  return status == 0 && text != nullptr ? text.get() : name;
}

/// 130001 of CUDA 13.0 update 1; a serial number (19 to 28) for CUDA 12.
bool is_of_one_release(std::uint32_t a, std::uint32_t b) {
  const auto release = [](std::uint32_t version) { return version < 1000 ? 12 : version / 10000; };
  return release(a) == release(b);
}

/// What CUPTI hands over, in the order in which it does; its callbacks carry no pointer of ours, so
/// that there is one for the process.
class Collector {
 public:
  void clear() {
    const std::lock_guard lock(mutex_);
    kernels_.clear();
    places_.clear();
    dropped_ = 0;
  }

  void read(CUcontext context, std::uint32_t stream, std::uint8_t* buffer, std::size_t bytes) {
    const std::lock_guard lock(mutex_);
    CUpti_Activity* record = nullptr;
    while (cuptiActivityGetNextRecord(buffer, bytes, &record) == CUPTI_SUCCESS) read(*record);
    std::size_t dropped = 0;
    if (cuptiActivityGetNumDroppedRecords(context, stream, &dropped) == CUPTI_SUCCESS) {
      dropped_ += dropped;
    }
  }

  std::vector<KernelRecord> take() {
    const std::lock_guard lock(mutex_);
    std::vector<KernelRecord> records;
    records.reserve(kernels_.size());
    for (Kernel& kernel : kernels_) {
      const auto place = places_.find(kernel.correlation_id);
      if (place != places_.end()) kernel.record.place_id = place->second;
      records.push_back(std::move(kernel.record));
    }
    kernels_.clear();
    places_.clear();
    std::stable_sort(
        records.begin(), records.end(),
        [](const KernelRecord& a, const KernelRecord& b) { return a.start_ns < b.start_ns; });
    return records;
  }

  std::uint64_t dropped() {
    const std::lock_guard lock(mutex_);
    return dropped_;
  }

 private:
  struct Kernel {
    std::uint32_t correlation_id;
    KernelRecord record;
  };

  void read(const CUpti_Activity& record) {
    if (record.kind == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION) {
      const auto& link = reinterpret_cast<const CUpti_ActivityExternalCorrelation&>(record);
      if (link.externalKind == kPlaces) places_[link.correlationId] = link.externalId;
    } else if (record.kind == CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL) {
      const auto& activity = reinterpret_cast<const KernelActivity&>(record);
      KernelRecord kernel;
      kernel.name = name_of(activity.name);
      kernel.start_ns = static_cast<std::int64_t>(activity.start);
      kernel.end_ns = static_cast<std::int64_t>(activity.end);
      kernel.grid = {activity.gridX, activity.gridY, activity.gridZ};
      kernel.block = {activity.blockX, activity.blockY, activity.blockZ};
      kernels_.push_back({activity.correlationId, std::move(kernel)});
    }
  }

  /// Names of Torch's kernels run to a thousand characters, and come back in every iteration.
  const std::string& name_of(const char* mangled) {
    const auto [entry, is_new] = names_.try_emplace(mangled == nullptr ? "unknown" : mangled);
    if (is_new) entry->second = demangle(entry->first.c_str());
    return entry->second;
  }

  std::mutex mutex_;
  std::vector<Kernel> kernels_;
  std::unordered_map<std::uint32_t, std::uint64_t> places_;
  std::unordered_map<std::string, std::string> names_;
  std::uint64_t dropped_ = 0;
};

/// Never destroyed: CUPTI's worker thread may hand over a buffer while the process ends.
Collector& collector() {
  static Collector* const instance = new Collector;
  return *instance;
}

void CUPTIAPI provide_buffer(std::uint8_t** buffer, std::size_t* bytes, std::size_t* max_records) {
  *buffer =
      static_cast<std::uint8_t*>(::operator new(kBufferBytes, kBufferAlignment, std::nothrow));
  *bytes = *buffer == nullptr ? 0 : kBufferBytes;
  *max_records = 0;  // as many as it holds
}

void CUPTIAPI receive_buffer(CUcontext context, std::uint32_t stream, std::uint8_t* buffer,
                             std::size_t, std::size_t valid_bytes) {
  collector().read(context, stream, buffer, valid_bytes);
  ::operator delete(buffer, kBufferAlignment);
}

void CUPTIAPI ignore_callback(void*, CUpti_CallbackDomain, CUpti_CallbackId, const void*) {}

/// Claims CUPTI for this process; `holder` becomes the name of who has it instead, if CUPTI tells.
CUptiResult subscribe(CUpti_SubscriberHandle& subscriber, std::string& holder) {
#if CUPTI_API_VERSION >= 130000
  std::array<char, 2 * CUPTI_OLD_SUBSCRIBER_NAME_MIN_LEN> name{};
  CUpti_SubscriberParams params{};
  params.structSize = CUpti_SubscriberParams_STRUCT_SIZE;
  params.subscriberName = "Sextant";
  params.oldSubscriberName = name.data();
  params.oldSubscriberSize = name.size();
  const CUptiResult result = cuptiSubscribe_v2(&subscriber, &ignore_callback, nullptr, &params);
  name.back() = '\0';
  holder = name.data();
  return result;
#else
  holder.clear();
  return cuptiSubscribe(&subscriber, &ignore_callback, nullptr);
#endif
}

std::string problem_of(const char* call, CUptiResult result, const std::string& holder = "") {
  const char* name = nullptr;
  const char* message = nullptr;
  if (cuptiGetResultString(result, &name) != CUPTI_SUCCESS) name = nullptr;
  if (cuptiGetErrorMessage(result, &message) != CUPTI_SUCCESS) message = nullptr;
  return cupti_problem({call, static_cast<int>(result), name == nullptr ? "" : name,
                        message == nullptr ? "" : message, holder});
}

}  // namespace

/// Holds CUPTI; what was begun is ended in the opposite order.
struct CuptiSession {
  CUpti_SubscriberHandle subscriber = nullptr;
  std::vector<CUpti_ActivityKind> enabled;

  CuptiSession() = default;
  CuptiSession(const CuptiSession&) = delete;
  CuptiSession& operator=(const CuptiSession&) = delete;
  ~CuptiSession() {
    for (auto kind = enabled.rbegin(); kind != enabled.rend(); ++kind) cuptiActivityDisable(*kind);
    if (!enabled.empty()) cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
    if (subscriber != nullptr) cuptiUnsubscribe(subscriber);
  }
};

KernelTrace::KernelTrace() {
  std::uint32_t loaded = 0;
  if (const CUptiResult result = cuptiGetVersion(&loaded); result != CUPTI_SUCCESS) {
    problem_ = problem_of("cuptiGetVersion", result);
    return;
  }
  if (!is_of_one_release(loaded, CUPTI_API_VERSION)) {
    problem_ = fmt::format(
        "kernels cannot be traced: this was compiled against CUPTI {}, but what is loaded is {}; "
        "put the toolkit's own library first (LD_LIBRARY_PATH)",
        CUPTI_API_VERSION, cupti_library());
    return;
  }
  auto session = std::make_unique<CuptiSession>();
  std::string holder;
  if (const CUptiResult result = subscribe(session->subscriber, holder); result != CUPTI_SUCCESS) {
    session->subscriber = nullptr;
    problem_ = problem_of("cuptiSubscribe", result, holder);
    return;
  }
  collector().clear();
  if (const CUptiResult result = cuptiActivityRegisterCallbacks(&provide_buffer, &receive_buffer);
      result != CUPTI_SUCCESS) {
    problem_ = problem_of("cuptiActivityRegisterCallbacks", result);
    return;
  }
  for (const CUpti_ActivityKind kind : kActivities) {
    if (const CUptiResult result = cuptiActivityEnable(kind); result != CUPTI_SUCCESS) {
      problem_ = problem_of("cuptiActivityEnable", result);
      return;
    }
    session->enabled.push_back(kind);
  }
  session_ = std::move(session);
}

KernelTrace::~KernelTrace() = default;

void KernelTrace::enter(std::uint64_t place_id) {
  if (is_running()) cuptiActivityPushExternalCorrelationId(kPlaces, place_id);
}

void KernelTrace::leave() {
  std::uint64_t left = 0;
  if (is_running()) cuptiActivityPopExternalCorrelationId(kPlaces, &left);
}

std::vector<KernelRecord> KernelTrace::take() {
  if (!is_running()) return {};
  // Buffers that are not full too.
  cuptiActivityFlushAll(CUPTI_ACTIVITY_FLAG_FLUSH_FORCED);
  return collector().take();
}

std::uint64_t KernelTrace::dropped_records() const {
  return is_running() ? collector().dropped() : 0;
}

std::string cupti_library() {
  std::uint32_t version = 0;
  if (cuptiGetVersion(&version) != CUPTI_SUCCESS) return "";
  // The address that the name has for everybody; &cuptiGetVersion may be this program's own stub.
  Dl_info place{};
  void* function = ::dlsym(RTLD_DEFAULT, "cuptiGetVersion");
  const bool is_known =
      function != nullptr && ::dladdr(function, &place) != 0 && place.dli_fname != nullptr;
  return fmt::format("CUPTI {}, {}", version, is_known ? place.dli_fname : "of unknown place");
}

}  // namespace sextant::profiler
