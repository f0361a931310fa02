#pragma once

#include "launch/emit/serving/serving_export.h"

namespace sextant {

// One each for the runtimes, as export_serving has them; they add to `exported`.

void put_serving_json(const ServedNetwork& network, const ServingExportOptions& options,
                      JobFolder& exported);
void put_vllm(const ServedNetwork& network, const ServingExportOptions& options,
              JobFolder& exported);
void put_helix(const ServedNetwork& network, const ServingExportOptions& options,
               JobFolder& exported);

}  // namespace sextant
