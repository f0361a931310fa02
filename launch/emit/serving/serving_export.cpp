#include "launch/emit/serving/serving_export.h"

#include "launch/emit/serving/serving_exporters.h"

namespace sextant {

JobFolder export_serving(ServingRuntime runtime, const ServedNetwork& network,
                         const ServingExportOptions& options) {
  JobFolder exported;
  put_serving_json(network, options, exported);
  if (runtime == ServingRuntime::kVllm) put_vllm(network, options, exported);
  if (runtime == ServingRuntime::kHelix) put_helix(network, options, exported);
  return exported;
}

}  // namespace sextant
