// The part of NCCL that nccl_bench calls, between threads of one process. Written after NCCL's API
// reference, on purpose without a look at how nccl_bench lays out its buffers.
#include <condition_variable>
#include <cstring>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <nccl.h>
#include <vector>

#include "tests/nccl_bench/fake_gpu/host_elements.h"

namespace {

using Bytes = std::vector<char>;
using sextant::bench::ElementType;

struct World {
  std::mutex mutex;
  std::condition_variable changed;
  int size = 0;
  bool aborted = false;
  /// By the number of the collective, what each rank gives.
  std::map<int, std::map<int, Bytes>> given;
  std::map<std::pair<int, int>, std::deque<Bytes>> mail;
};

std::mutex worlds_mutex;
std::map<std::string, std::shared_ptr<World>> worlds;

ElementType element_of(ncclDataType_t type) {
  switch (type) {
    case ncclInt8:
      return ElementType::kInt8;
    case ncclInt32:
      return ElementType::kInt32;
    case ncclFloat16:
      return ElementType::kFp16;
    case ncclBfloat16:
      return ElementType::kBf16;
    case ncclFloat32:
      return ElementType::kFp32;
    default:
      return ElementType::kFp64;
  }
}

struct Receive {
  ncclComm* comm;
  int peer;
  void* to;
};
thread_local int group_depth = 0;
thread_local std::vector<Receive> receives;

}  // namespace

struct ncclComm {
  std::shared_ptr<World> world;
  int rank;
  int collectives = 0;
};

namespace {

std::size_t bytes_of(std::size_t count, ncclDataType_t type) {
  return count * static_cast<std::size_t>(size_of(element_of(type)));
}

/// What every rank gave to the collective; empty where the group was aborted.
std::vector<Bytes> exchange(ncclComm* comm, const void* data, std::size_t bytes) {
  World& world = *comm->world;
  std::unique_lock lock(world.mutex);
  auto& slot = world.given[comm->collectives++];
  slot[comm->rank] = Bytes(static_cast<const char*>(data), static_cast<const char*>(data) + bytes);
  world.changed.notify_all();
  world.changed.wait(lock,
                     [&] { return world.aborted || static_cast<int>(slot.size()) == world.size; });
  if (world.aborted) return {};
  std::vector<Bytes> all;
  for (const auto& [rank, given] : slot) all.push_back(given);
  return all;
}

void sum(const std::vector<Bytes>& all, std::size_t first, std::size_t count, ncclDataType_t type,
         void* result) {
  const ElementType element = element_of(type);
  for (std::size_t i = 0; i < count; ++i) {
    double total = 0;
    for (const Bytes& given : all) {
      total += load_element(given.data(), element, static_cast<std::int64_t>(first + i));
    }
    store_element(result, element, static_cast<std::int64_t>(i), total);
  }
}

ncclResult_t receive_all() {
  for (const Receive& receive : receives) {
    World& world = *receive.comm->world;
    std::unique_lock lock(world.mutex);
    auto& box = world.mail[{receive.peer, receive.comm->rank}];
    world.changed.wait(lock, [&] { return world.aborted || !box.empty(); });
    if (box.empty()) return ncclRemoteError;
    std::memcpy(receive.to, box.front().data(), box.front().size());
    box.pop_front();
  }
  receives.clear();
  return ncclSuccess;
}

}  // namespace

extern "C" {

ncclResult_t ncclGetVersion(int* version) {
  *version = 22809;
  return ncclSuccess;
}
ncclResult_t ncclGetUniqueId(ncclUniqueId* id) {
  static int next = 0;
  std::memset(id, 0, sizeof *id);
  id->internal[0] = static_cast<char>(++next);
  return ncclSuccess;
}
const char* ncclGetErrorString(ncclResult_t result) {
  return result == ncclRemoteError ? "remote process exited" : "invalid usage";
}
const char* ncclGetLastError(ncclComm_t) {
  return "";
}
ncclResult_t ncclCommInitRank(ncclComm_t* comm, int size, ncclUniqueId id, int rank) {
  if (rank >= size) return ncclInvalidArgument;
  const std::scoped_lock lock(worlds_mutex);
  auto& world = worlds[std::string(id.internal, sizeof id.internal)];
  if (world == nullptr) world = std::make_shared<World>();
  world->size = size;
  *comm = new ncclComm{world, rank};
  return ncclSuccess;
}
ncclResult_t ncclCommDestroy(ncclComm_t comm) {
  delete comm;
  return ncclSuccess;
}
ncclResult_t ncclCommAbort(ncclComm_t comm) {
  {
    const std::scoped_lock lock(comm->world->mutex);
    comm->world->aborted = true;
  }
  comm->world->changed.notify_all();
  return ncclSuccess;
}
ncclResult_t ncclCommGetAsyncError(ncclComm_t, ncclResult_t* error) {
  *error = ncclSuccess;
  return ncclSuccess;
}
ncclResult_t ncclGroupStart() {
  ++group_depth;
  return ncclSuccess;
}
ncclResult_t ncclGroupEnd() {
  return --group_depth == 0 ? receive_all() : ncclSuccess;
}
ncclResult_t ncclSend(const void* data, std::size_t count, ncclDataType_t type, int peer,
                      ncclComm_t comm, cudaStream_t) {
  const auto* const first = static_cast<const char*>(data);
  const std::scoped_lock lock(comm->world->mutex);
  comm->world->mail[{comm->rank, peer}].emplace_back(first, first + bytes_of(count, type));
  comm->world->changed.notify_all();
  return ncclSuccess;
}
ncclResult_t ncclRecv(void* to, std::size_t, ncclDataType_t, int peer, ncclComm_t comm,
                      cudaStream_t) {
  receives.push_back({comm, peer, to});
  return group_depth > 0 ? ncclSuccess : receive_all();
}
ncclResult_t ncclAllReduce(const void* give, void* get, std::size_t count, ncclDataType_t type,
                           ncclRedOp_t, ncclComm_t comm, cudaStream_t) {
  const auto all = exchange(comm, give, bytes_of(count, type));
  if (all.empty()) return ncclRemoteError;
  sum(all, 0, count, type, get);
  return ncclSuccess;
}
ncclResult_t ncclReduceScatter(const void* give, void* get, std::size_t count, ncclDataType_t type,
                               ncclRedOp_t, ncclComm_t comm, cudaStream_t) {
  const auto size = static_cast<std::size_t>(comm->world->size);
  const auto all = exchange(comm, give, bytes_of(count * size, type));
  if (all.empty()) return ncclRemoteError;
  sum(all, count * static_cast<std::size_t>(comm->rank), count, type, get);
  return ncclSuccess;
}
ncclResult_t ncclAllGather(const void* give, void* get, std::size_t count, ncclDataType_t type,
                           ncclComm_t comm, cudaStream_t) {
  const auto all = exchange(comm, give, bytes_of(count, type));
  if (all.empty()) return ncclRemoteError;
  char* to = static_cast<char*>(get);
  for (const Bytes& given : all) {
    std::memcpy(to, given.data(), given.size());
    to += given.size();
  }
  return ncclSuccess;
}
ncclResult_t ncclBroadcast(const void* give, void* get, std::size_t count, ncclDataType_t type,
                           int root, ncclComm_t comm, cudaStream_t) {
  const auto all = exchange(comm, give, bytes_of(count, type));
  if (all.empty()) return ncclRemoteError;
  const Bytes& given = all[static_cast<std::size_t>(root)];
  std::memcpy(get, given.data(), given.size());
  return ncclSuccess;
}

}  // extern "C"
