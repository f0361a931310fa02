#include "tests/profiler/device/fake_cupti.h"

#include <algorithm>
#include <cstring>
#include <cupti.h>
#include <map>
#include <mutex>
#include <utility>

namespace sextant::testing {

namespace {

struct State {
  FakeCupti fake;
  std::vector<CUpti_ActivityExternalCorrelation> links;
  std::vector<CUpti_ActivityKernel9> kernels;
  CUpti_BuffersCallbackRequestFunc request = nullptr;
  CUpti_BuffersCallbackCompleteFunc complete = nullptr;
  std::mutex mutex;
};

State& state() {
  static State instance;
  return instance;
}

thread_local std::map<int, std::vector<std::uint64_t>> external_ids;

CUptiResult answer(const char* call) {
  const FakeCupti& fake = state().fake;
  return fake.failing_call == call ? static_cast<CUptiResult>(fake.failure) : CUPTI_SUCCESS;
}

bool is_enabled(int kind) {
  const std::vector<int>& enabled = state().fake.enabled;
  return std::find(enabled.begin(), enabled.end(), kind) != enabled.end();
}

template <typename Record>
std::size_t append(std::uint8_t* buffer, std::size_t at, const Record& record) {
  std::memcpy(buffer + at, &record, sizeof record);
  return at + sizeof record;
}

std::size_t size_of(const CUpti_Activity& record) {
  return record.kind == CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION
             ? sizeof(CUpti_ActivityExternalCorrelation)
             : sizeof(CUpti_ActivityKernel9);
}

}  // namespace

FakeCupti& reset_fake_cupti() {
  State& all = state();
  all.fake = {};
  all.fake.version = CUPTI_API_VERSION;
  all.links.clear();
  all.kernels.clear();
  return all.fake;
}

void FakeCupti::launch(const char* name, std::uint64_t start, std::uint64_t end,
                       std::uint32_t correlation) {
  State& all = state();
  const std::lock_guard lock(all.mutex);
  // A place is told beside the record of the launching call, of which there must be one.
  if (is_enabled(CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION) &&
      is_enabled(CUPTI_ACTIVITY_KIND_RUNTIME) && is_enabled(CUPTI_ACTIVITY_KIND_DRIVER)) {
    for (const auto& [kind, ids] : external_ids) {
      if (ids.empty()) continue;
      CUpti_ActivityExternalCorrelation link{};
      link.kind = CUPTI_ACTIVITY_KIND_EXTERNAL_CORRELATION;
      link.externalKind = static_cast<CUpti_ExternalCorrelationKind>(kind);
      link.externalId = ids.back();
      link.correlationId = correlation;
      all.links.push_back(link);
    }
  }
  if (!is_enabled(CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL)) return;
  CUpti_ActivityKernel9 kernel{};
  kernel.kind = CUPTI_ACTIVITY_KIND_CONCURRENT_KERNEL;
  kernel.name = name;
  kernel.start = start;
  kernel.end = end;
  kernel.correlationId = correlation;
  kernel.gridX = 3;
  kernel.gridY = kernel.gridZ = kernel.blockY = kernel.blockZ = 1;
  kernel.blockX = 128;
  all.kernels.push_back(kernel);
}

void FakeCupti::deliver(bool with_kernels) {
  State& all = state();
  if (all.request == nullptr) return;
  std::uint8_t* buffer = nullptr;
  std::size_t room = 0;
  std::size_t most = 0;
  all.request(&buffer, &room, &most);
  std::size_t at = 0;
  if (with_kernels) {
    // They end in any order.
    std::reverse(all.kernels.begin(), all.kernels.end());
    for (const auto& kernel : all.kernels) at = append(buffer, at, kernel);
    all.kernels.clear();
  }
  for (const auto& link : all.links) at = append(buffer, at, link);
  all.links.clear();
  all.complete(nullptr, 0, buffer, room, at);
}

}  // namespace sextant::testing

using sextant::testing::answer;
using sextant::testing::external_ids;
using sextant::testing::state;

extern "C" {

CUptiResult cuptiGetVersion(std::uint32_t* version) {
  *version = state().fake.version;
  return answer("cuptiGetVersion");
}
CUptiResult cuptiGetResultString(CUptiResult result, const char** text) {
  *text = result == CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED
              ? "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED"
              : "CUPTI_ERROR_OTHER";
  return CUPTI_SUCCESS;
}
CUptiResult cuptiGetErrorMessage(CUptiResult, const char** text) {
  *text = "a sentence of CUPTI's";
  return CUPTI_SUCCESS;
}
static CUptiResult subscribe(CUpti_SubscriberHandle* subscriber) {
  auto& fake = state().fake;
  if (fake.subscribers > 0) return CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED;
  const CUptiResult result = answer("cuptiSubscribe");
  if (result == CUPTI_SUCCESS) ++fake.subscribers;
  *subscriber = reinterpret_cast<CUpti_SubscriberHandle>(&fake);
  return result;
}
CUptiResult cuptiSubscribe(CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc, void*) {
  return subscribe(subscriber);
}
#if CUPTI_API_VERSION >= 130000
CUptiResult cuptiSubscribe_v2(CUpti_SubscriberHandle* subscriber, CUpti_CallbackFunc, void*,
                              CUpti_SubscriberParams* params) {
  if (params->structSize != CUpti_SubscriberParams_STRUCT_SIZE) {
    return CUPTI_ERROR_INVALID_PARAMETER;
  }
  const std::string& holder = state().fake.holder;
  if (holder.size() < params->oldSubscriberSize) {
    std::memcpy(params->oldSubscriberName, holder.c_str(), holder.size() + 1);
  }
  return subscribe(subscriber);
}
#endif
CUptiResult cuptiUnsubscribe(CUpti_SubscriberHandle) {
  --state().fake.subscribers;
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityRegisterCallbacks(CUpti_BuffersCallbackRequestFunc request,
                                           CUpti_BuffersCallbackCompleteFunc complete) {
  state().request = request;
  state().complete = complete;
  return answer("cuptiActivityRegisterCallbacks");
}
CUptiResult cuptiActivityEnable(CUpti_ActivityKind kind) {
  const CUptiResult result = answer("cuptiActivityEnable");
  if (result == CUPTI_SUCCESS) state().fake.enabled.push_back(kind);
  return result;
}
CUptiResult cuptiActivityDisable(CUpti_ActivityKind kind) {
  auto& enabled = state().fake.enabled;
  enabled.erase(std::remove(enabled.begin(), enabled.end(), static_cast<int>(kind)), enabled.end());
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityFlushAll(std::uint32_t) {
  state().fake.deliver();
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityGetNextRecord(std::uint8_t* buffer, std::size_t bytes,
                                       CUpti_Activity** record) {
  std::uint8_t* next = *record == nullptr ? buffer
                                          : reinterpret_cast<std::uint8_t*>(*record) +
                                                sextant::testing::size_of(**record);
  if (next >= buffer + bytes) return CUPTI_ERROR_MAX_LIMIT_REACHED;
  *record = reinterpret_cast<CUpti_Activity*>(next);
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityGetNumDroppedRecords(CUcontext, std::uint32_t, std::size_t* dropped) {
  *dropped = std::exchange(state().fake.dropped, 0);
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityPushExternalCorrelationId(CUpti_ExternalCorrelationKind kind,
                                                   std::uint64_t id) {
  external_ids[kind].push_back(id);
  return CUPTI_SUCCESS;
}
CUptiResult cuptiActivityPopExternalCorrelationId(CUpti_ExternalCorrelationKind kind,
                                                  std::uint64_t* id) {
  auto& ids = external_ids[kind];
  if (ids.empty()) return CUPTI_ERROR_QUEUE_EMPTY;
  *id = ids.back();
  ids.pop_back();
  return CUPTI_SUCCESS;
}

}  // extern "C"
