#pragma once

#include "analyzer/training/estimator.h"

namespace sextant {

/// The simulator and the memory model of Varuna (Athlur et al., EuroSys'22) as Sailor's artifact
/// has them: a discrete-event simulation of 1F1B with hard-coded jitter.
const Estimator& varuna_estimator();

}  // namespace sextant
