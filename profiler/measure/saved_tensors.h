#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/intrusive_ptr.h>
#include <map>
#include <string>
#include <vector>

namespace sextant::profiler {

/// Sees every tensor that autograd keeps for backward while it is alive, whichever operator keeps
/// it. One at a time in a process.
class SavedTensors {
 public:
  SavedTensors();
  ~SavedTensors();
  SavedTensors(const SavedTensors&) = delete;
  SavedTensors& operator=(const SavedTensors&) = delete;

  /// What was kept since the last call is counted under this name.
  void name_recent(const std::string& place);

  /// Distinct storages by place, bytes: each counts once, where it was kept first. Call it after
  /// the graph and its inputs are gone: what is still alive then (parameters, masks and tables that
  /// outlive an iteration) was not kept for this backward and is left out, but for `inputs`, whose
  /// owner keeps them.
  std::map<std::string, double> bytes_by_place(const std::vector<at::Tensor>& inputs = {}) const;

  /// Told by autograd.
  void keep(const at::Tensor& tensor);

 private:
  struct Kept {
    c10::weak_intrusive_ptr<c10::StorageImpl> storage;
    const void* identity;
    double bytes;
    std::string place;
  };
  std::size_t named_ = 0;  ///< how many of kept_ have their name
  std::vector<Kept> kept_;
};

}  // namespace sextant::profiler
