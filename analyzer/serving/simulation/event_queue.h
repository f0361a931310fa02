#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace sextant {

/// What happens next in a serving simulation; its subject is a node, a link or a request.
enum class ServingEventKind : std::uint32_t {
  kIssue,     ///< request: an iteration starts at the coordinator
  kSend,      ///< node or coordinator: sends what it can
  kSent,      ///< request: the sender is done with it
  kReceived,  ///< request: the receiver has it
  kRun,       ///< node: starts a batch if it is idle
  kRan,       ///< node: its batch is done
  kGather,    ///< the coordinator looks at what came back
};

struct ServingEvent {
  ServingEventKind kind = ServingEventKind::kIssue;
  int subject = 0;
};

/// Events by time, and by their creation at equal times. What happens at once is a queue of its
/// own: whatever else is due now was created earlier, so it goes first.
class ServingEventQueue {
 public:
  static constexpr int kSubjectBits = 28;
  static constexpr int kMostSubjects = 1 << kSubjectBits;

  double now() const { return now_; }
  void start_at(double time) { now_ = time; }
  bool empty() const { return heap_.empty() && first_now_ == at_once_.size(); }
  /// Of the next event; not to be asked when empty.
  double next_time() const { return first_now_ < at_once_.size() ? now_ : heap_.front().time; }

  /// After what is already due now.
  void post(ServingEventKind kind, int subject) { at_once_.push_back(code(kind, subject)); }
  /// time >= now.
  void post_at(double time, ServingEventKind kind, int subject) {
    if (time <= now_) {
      post(kind, subject);
    } else {
      push({time, now_, order_++, code(kind, subject)});
    }
  }
  /// An event that is the end of several steps in a row, the last of which begins at `created`:
  /// among those at the same time it takes the place that it would have if it were posted then.
  void post_at(double time, double created, ServingEventKind kind, int subject) {
    push({time, created, order_++, code(kind, subject)});
  }

  ServingEvent pop() {
    if (first_now_ < at_once_.size() && (heap_.empty() || heap_.front().time > now_)) {
      const std::uint32_t next = at_once_[first_now_++];
      if (first_now_ == at_once_.size()) {
        at_once_.clear();
        first_now_ = 0;
      }
      return decode(next);
    }
    now_ = heap_.front().time;
    const std::uint32_t next = heap_.front().code;
    drop_first();
    return decode(next);
  }

 private:
  struct Entry {
    double time;
    double created;
    std::uint32_t order;  ///< compared only among few at the same times, so it may wrap around
    std::uint32_t code;

    bool before(const Entry& other) const {
      if (time != other.time) return time < other.time;
      if (created != other.created) return created < other.created;
      return static_cast<std::int32_t>(order - other.order) < 0;
    }
  };

  static std::uint32_t code(ServingEventKind kind, int subject) {
    return static_cast<std::uint32_t>(kind) << kSubjectBits | static_cast<std::uint32_t>(subject);
  }
  static ServingEvent decode(std::uint32_t code) {
    return {static_cast<ServingEventKind>(code >> kSubjectBits),
            static_cast<int>(code & ((1U << kSubjectBits) - 1))};
  }

  void push(const Entry& entry) {
    std::size_t hole = heap_.size();
    heap_.push_back(entry);
    while (hole > 0) {
      const std::size_t parent = (hole - 1) / kArity;
      if (!entry.before(heap_[parent])) break;
      heap_[hole] = heap_[parent];
      hole = parent;
    }
    heap_[hole] = entry;
  }

  void drop_first() {
    const Entry last = heap_.back();
    heap_.pop_back();
    const std::size_t size = heap_.size();
    if (size == 0) return;
    std::size_t hole = 0;
    for (;;) {
      const std::size_t first = hole * kArity + 1;
      if (first >= size) break;
      const std::size_t end = first + kArity < size ? first + kArity : size;
      std::size_t least = first;
      for (std::size_t child = first + 1; child < end; ++child) {
        if (heap_[child].before(heap_[least])) least = child;
      }
      if (!heap_[least].before(last)) break;
      heap_[hole] = heap_[least];
      hole = least;
    }
    heap_[hole] = last;
  }

  static constexpr std::size_t kArity = 4;
  double now_ = 0;
  std::uint32_t order_ = 0;
  std::vector<Entry> heap_;
  std::vector<std::uint32_t> at_once_;
  std::size_t first_now_ = 0;
};

}  // namespace sextant
