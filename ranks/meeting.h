#pragma once

#include <functional>
#include <vector>

#include "ranks/board.h"
#include "ranks/roll_call.h"
#include "ranks/supervisor.h"

namespace sextant::ranks {

/// The first thing that ranks do together: each says who it is, and rank 0 hears all of them and
/// whether they agree. Every rank calls it; `heard` is called in rank 0 alone, before the others go
/// on. Throws AllEnd where a rank came twice or differs from rank 0, Stopped where the run ends.
void meet(Supervisor::Seat& seat, Board& board, int rank, int world_size, RollEntry entry,
          const std::function<void(const std::vector<RollEntry>&)>& heard);

}  // namespace sextant::ranks
