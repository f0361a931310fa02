#pragma once

#include <string>
#include <string_view>

namespace sextant::profiler {

/// A CUPTI call that failed.
struct CuptiFailure {
  std::string_view call;     ///< "cuptiSubscribe"
  int code = 0;              ///< CUptiResult
  std::string_view name;     ///< "CUPTI_ERROR_…", as CUPTI says it
  std::string_view message;  ///< CUPTI's sentence, "" where it has none
  std::string_view holder;   ///< whom CUPTI names as holding it, "" where it names nobody
};

/// "cuptiSubscribe failed: CUPTI_ERROR_… (its sentence); what to stop or change": a text for the
/// user, who gets everything but kernels.
std::string cupti_problem(const CuptiFailure& failure);

}  // namespace sextant::profiler
