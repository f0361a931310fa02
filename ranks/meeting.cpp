#include "ranks/meeting.h"

#include <unistd.h>

#include <fmt/format.h>

namespace sextant::ranks {

namespace {

const char* const kVerdict = "verdict";

std::string roll_key(int rank) {
  return fmt::format("roll/{}", rank);
}

}  // namespace

void meet(Supervisor::Seat& seat, Board& board, int rank, int world_size, RollEntry entry,
          const std::function<void(const std::vector<RollEntry>&)>& heard) {
  entry.process = ::getpid();
  const std::string text = roll_text(entry);
  if (board.set_first(roll_key(rank), text) != text) {
    throw AllEnd{fmt::format("rank {} came twice", rank)};
  }
  if (rank == 0) {
    std::vector<RollEntry> entries;
    for (int other = 0; other < world_size; ++other) {
      seat.wait(roll_key(other));
      entries.push_back(roll_entry_from(board.look(roll_key(other)).value_or(""), other));
    }
    heard(entries);
    board.set(kVerdict, disagreement(entries));
  } else {
    seat.wait(kVerdict);
  }
  const std::string verdict = board.look(kVerdict).value_or("");
  if (!verdict.empty()) throw AllEnd{verdict};
}

}  // namespace sextant::ranks
