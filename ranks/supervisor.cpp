#include "ranks/supervisor.h"

#include <algorithm>
#include <c10/util/Exception.h>
#include <charconv>
#include <map>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "analyzer/core/error.h"
#include "analyzer/core/interrupt.h"
#include "analyzer/core/provenance.h"
#include "ranks/roll_call.h"

namespace sextant::ranks {

namespace {

using namespace std::chrono_literals;

/// How often a process shows that it lives.
constexpr auto kHeartbeat = 200ms;
/// Without a heartbeat for so long it is dead, or stopped.
constexpr auto kSilence = 1500ms;
/// Hanging calls have so long to end once they are aborted.
constexpr auto kGrace = 2s;
/// The board's watcher has so long to find out whom the others wait for.
constexpr auto kPatience = 5s;
constexpr int kPartial = static_cast<int>(ErrorCode::kPartial);
constexpr int kBadInput = static_cast<int>(ErrorCode::kBadInput);

std::string progress_key(int rank) {
  return fmt::format("progress/{}", rank);
}
std::string alive_key(int first_rank) {
  return fmt::format("alive/{}", first_rank);
}
std::string left_key(int first_rank) {
  return fmt::format("left/{}", first_rank);
}

/// Where a rank stands, as it wrote it: "POSITION WHAT".
struct Standing {
  std::int64_t position = 0;
  std::string what;
};

Standing standing_from(const std::string& text) {
  Standing standing;
  const auto [end, failure] =
      std::from_chars(text.data(), text.data() + text.size(), standing.position);
  const auto blank = static_cast<std::size_t>(end - text.data());
  if (blank < text.size()) standing.what = text.substr(blank + 1);
  return standing;
}

std::string text_of(const EarlyEnd& end) {
  return fmt::format("{} {}", end.exit_code, end.reason);
}

EarlyEnd early_end_from(const std::string& text) {
  const Standing parts = standing_from(text);
  return {static_cast<int>(parts.position), parts.what};
}

}  // namespace

Supervisor::Seat::Seat(Supervisor& supervisor, Board& board, int rank)
    : supervisor_(supervisor), board_(board), rank_(rank) {}

void Supervisor::Seat::begin(std::int64_t position, const std::string& what) {
  supervisor_.sit(rank_, what, true);
  board_.set(progress_key(rank_), fmt::format("{} {}", position, what));
  supervisor_.check();
}

void Supervisor::Seat::idle(std::int64_t position) {
  supervisor_.sit(rank_, "waiting for its turn", false);
  board_.set(progress_key(rank_), fmt::format("{} waiting for its turn", position));
  supervisor_.check();
}

void Supervisor::Seat::wait(const std::string& key) {
  while (!board_.wait(key, 500ms)) supervisor_.check();
  supervisor_.check();
}

void Supervisor::Seat::hold(std::shared_ptr<Abortable> group) {
  // The group that was there ends after the lock, which may take its time.
  const std::lock_guard<std::mutex> lock(supervisor_.mutex_);
  supervisor_.chair(rank_).group.swap(group);
}

Supervisor::Supervisor(const World& world, double timeout_s, std::unique_ptr<Board> board)
    : world_(world),
      timeout_s_(timeout_s),
      board_(std::move(board)),
      chairs_(static_cast<std::size_t>(world.local_ranks)),
      watcher_([this] { watch_board(); }) {}

Supervisor::~Supervisor() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    leaving_ = true;
    changed_.notify_all();
  }
  if (watcher_.joinable()) watcher_.join();
}

void Supervisor::check() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (end_ || trouble_) throw Stopped{};
}

void Supervisor::sit(int rank, const std::string& what, bool limited) {
  const std::lock_guard<std::mutex> lock(mutex_);
  Chair& own = chair(rank);
  own.what = what;
  own.since = Clock::now();
  own.limited = limited;
}

std::optional<EarlyEnd> Supervisor::early_end() const {
  const std::lock_guard<std::mutex> lock(mutex_);
  return end_;
}

void Supervisor::end_with(EarlyEnd end) {
  const std::lock_guard<std::mutex> lock(mutex_);
  if (!end_) end_ = std::move(end);
  changed_.notify_all();
}

void Supervisor::work_as(int rank, const std::function<void(int)>& work) {
  std::string failure;
  int code = 0;
  const auto failed = [&](const std::string& reason, int exit_code) {
    const std::lock_guard<std::mutex> lock(mutex_);
    failure = fmt::format("rank {} on {} failed while {}: {}", rank, quote(host_name()),
                          chair(rank).what, reason);
    code = exit_code;
  };
  try {
    work(rank);
  } catch (const Stopped&) {
  } catch (const AllEnd& end) {
    failure = end.reason;
    code = kBadInput;
  } catch (const BoardGone& gone) {
    failed(gone.what(), kBadInput);
  } catch (const Error& error) {
    failed(error.what(), error.exit_code());
  } catch (const c10::Error& error) {
    failed(quote(error.what_without_backtrace(), 300), kBadInput);
  } catch (const std::exception& error) {
    failed(quote(error.what(), 300), kBadInput);
  }
  std::shared_ptr<Abortable> group;
  const std::lock_guard<std::mutex> lock(mutex_);
  Chair& own = chair(rank);
  own.failure = failure;
  own.failure_code = code;
  own.done = true;
  own.group.swap(group);
  changed_.notify_all();
}

/// What is wrong in this process, if anything is. The mutex is held.
std::optional<Supervisor::Trouble> Supervisor::find_trouble() const {
  if (interrupted()) return Trouble{{kBadInput, "interrupted"}};
  const auto seconds_since = [](Clock::time_point time) {
    return std::chrono::duration<double>(Clock::now() - time).count();
  };
  for (std::size_t i = 0; i < chairs_.size(); ++i) {
    const Chair& chair = chairs_[i];
    const int rank = world_.first_rank + static_cast<int>(i);
    if (!chair.failure.empty()) {
      return Trouble{{chair.failure_code, chair.failure}};
    }
    if (chair.limited && !chair.done && seconds_since(chair.since) > timeout_s_) {
      return Trouble{
          {kBadInput, fmt::format("rank {} hung for {:g} s: {}", rank, timeout_s_, chair.what)},
          true};
    }
  }
  const bool all_done =
      std::all_of(chairs_.begin(), chairs_.end(), [](const Chair& chair) { return chair.done; });
  if (!all_done && seconds_since(looked_) > timeout_s_) {
    return Trouble{{kBadInput, fmt::format("the meeting point at {}:{} has not answered for {:g} s",
                                           world_.host, world_.port, timeout_s_)}};
  }
  return std::nullopt;
}

void Supervisor::abort_groups() {
  std::vector<std::shared_ptr<Abortable>> groups;
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    for (Chair& chair : chairs_) {
      if (chair.group != nullptr) groups.push_back(std::exchange(chair.group, nullptr));
    }
  }
  for (const std::shared_ptr<Abortable>& group : groups) group->abort();
}

bool Supervisor::run(const std::function<void(int)>& work) {
  std::vector<std::thread> threads;
  for (int i = 0; i < world_.local_ranks; ++i) {
    threads.emplace_back([this, &work, rank = world_.first_rank + i] { work_as(rank, work); });
  }
  const auto all_done = [this] {
    return std::all_of(chairs_.begin(), chairs_.end(), [](const Chair& c) { return c.done; });
  };
  bool hanging = false;
  bool watcher_hangs = false;
  {
    std::unique_lock<std::mutex> lock(mutex_);
    std::optional<Clock::time_point> ended;
    while (true) {
      if (!end_ && !trouble_) trouble_ = find_trouble();
      if (all_done() && (end_ || !trouble_)) break;
      if (trouble_ && !end_ && !ended) ended = Clock::now();
      // The watcher asks the board whom the others wait for; if the board hangs, nobody answers.
      if (trouble_ && !end_ && Clock::now() - *ended > kPatience) {
        end_ = trouble_->end;
        if (measured_) end_->exit_code = kPartial;
        watcher_hangs = true;
      }
      if (end_) {
        lock.unlock();
        abort_groups();
        lock.lock();
        changed_.wait_for(lock, kGrace, all_done);
        hanging = !all_done();
        break;
      }
      changed_.wait_for(lock, 50ms);
    }
  }
  for (std::thread& thread : threads) {
    if (hanging) {
      thread.detach();
    } else {
      thread.join();
    }
  }
  return !hanging && !watcher_hangs;
}

void Supervisor::watch_board() {
  try {
    while (true) {
      std::optional<Trouble> trouble;
      {
        std::unique_lock<std::mutex> lock(mutex_);
        looked_ = Clock::now();
        changed_.wait_for(lock, kHeartbeat, [this] { return leaving_ || (trouble_ && !end_); });
        if (leaving_) return;
        if (!end_) trouble = trouble_;
      }
      board_->add(alive_key(world_.first_rank), 1);
      const bool measured = board_->look("measured").has_value();
      {
        const std::lock_guard<std::mutex> lock(mutex_);
        measured_ = measured;
      }
      if (trouble) {
        const EarlyEnd own{measured ? kPartial : trouble->end.exit_code, diagnosis(*trouble)};
        // The first who finds out speaks for all.
        end_with(early_end_from(board_->set_first("end", text_of(own))));
      } else if (const auto end = board_->look("end")) {
        end_with(early_end_from(*end));
      }
    }
  } catch (const BoardGone&) {
    const std::lock_guard<std::mutex> lock(mutex_);
    if (leaving_ || end_) return;
    end_ = EarlyEnd{kPartial,
                    fmt::format("the meeting point at {}:{} is gone: the process of rank 0 died; "
                                "what it had finished is in its output file",
                                world_.host, world_.port)};
    changed_.notify_all();
  }
}

/// Ranks of processes, named by their first ranks, that show no life. Takes kSilence.
std::vector<int> Supervisor::dead_ranks(const std::vector<int>& first_ranks) {
  std::map<int, std::int64_t> before;
  for (const int first : first_ranks) before[first] = board_->add(alive_key(first), 0);
  const Clock::time_point until = Clock::now() + kSilence;
  while (Clock::now() < until) {
    std::this_thread::sleep_for(kHeartbeat);
    board_->add(alive_key(world_.first_rank), 1);
  }
  std::vector<int> dead;
  for (const int first : first_ranks) {
    const bool left = board_->look(left_key(first)).has_value();
    if (!left && board_->add(alive_key(first), 0) == before[first]) dead.push_back(first);
  }
  return dead;
}

/// Whom the run waits for: who never came, else whose process is dead, else who is behind.
std::string Supervisor::diagnosis(const Trouble& trouble) {
  if (interrupted()) {
    return fmt::format("interrupted at {}", ranks_text({world_.first_rank}));
  }
  std::vector<int> missing;
  std::map<int, Standing> standings;
  std::map<int, int> process_of;
  std::map<int, std::string> host_of;
  for (int rank = 0; rank < world_.size; ++rank) {
    const auto entry = board_->look(fmt::format("roll/{}", rank));
    if (!entry) {
      missing.push_back(rank);
      continue;
    }
    const RollEntry parsed = roll_entry_from(*entry, rank);
    process_of[rank] = parsed.first_rank;
    host_of[rank] = parsed.rank.host;
    standings[rank] = standing_from(board_->look(progress_key(rank)).value_or("0 starting"));
  }
  if (!missing.empty() && trouble.timed_out) {
    return fmt::format("{} of {} did not come within {:g} s", ranks_text(missing), world_.size,
                       timeout_s_);
  }
  std::set<int> processes;
  for (const auto& [rank, first] : process_of) processes.insert(first);
  const std::vector<int> dead = dead_ranks({processes.begin(), processes.end()});
  if (!dead.empty()) {
    std::vector<int> ranks;
    for (const auto& [rank, first] : process_of) {
      if (std::find(dead.begin(), dead.end(), first) != dead.end()) ranks.push_back(rank);
    }
    return fmt::format("{} on {} {} gone or stopped, last seen {}", ranks_text(ranks),
                       quote(host_of[ranks.front()]), ranks.size() == 1 ? "is" : "are",
                       standings[ranks.front()].what);
  }
  if (!trouble.timed_out) return trouble.end.reason;
  std::int64_t behind = standings.begin()->second.position;
  for (const auto& [rank, standing] : standings) behind = std::min(behind, standing.position);
  std::vector<int> stuck;
  for (const auto& [rank, standing] : standings) {
    if (standing.position == behind) stuck.push_back(rank);
  }
  return fmt::format("{} on {} hung for {:g} s: {}", ranks_text(stuck),
                     quote(host_of[stuck.front()]), timeout_s_, standings[stuck.front()].what);
}

void Supervisor::leave() {
  {
    const std::lock_guard<std::mutex> lock(mutex_);
    leaving_ = true;
    changed_.notify_all();
  }
  watcher_.join();
  try {
    board_->set(left_key(world_.first_rank), "");
    if (world_.first_rank != 0) return;
    // Whoever still asks must get an answer.
    const Clock::time_point until = Clock::now() + kPatience;
    std::set<int> waiting;
    for (int rank = 0; rank < world_.size; ++rank) {
      if (const auto entry = board_->look(fmt::format("roll/{}", rank))) {
        waiting.insert(roll_entry_from(*entry, rank).first_rank);
      }
    }
    std::map<int, std::int64_t> lives;
    Clock::time_point look_again = Clock::now() + kSilence;
    for (const int first : waiting) lives[first] = board_->add(alive_key(first), 0);
    while (!waiting.empty() && Clock::now() < until) {
      std::erase_if(waiting, [&](int first) { return board_->look(left_key(first)).has_value(); });
      if (Clock::now() > look_again) {
        // The dead are not waited for.
        look_again = Clock::now() + kSilence;
        std::erase_if(waiting, [&](int first) {
          const std::int64_t life = board_->add(alive_key(first), 0);
          return life == std::exchange(lives[first], life);
        });
      }
      std::this_thread::sleep_for(20ms);
    }
  } catch (const BoardGone&) {
  }
}

}  // namespace sextant::ranks
