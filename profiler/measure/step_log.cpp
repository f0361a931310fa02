#include "profiler/measure/step_log.h"

namespace sextant::profiler {

StepLog::StepLog(DeviceClock& clock, Detail detail) : clock_(clock), detail_(detail) {}

void StepLog::step_begins() {
  clock_.reset();
  entries_.clear();
  add(Event::kBegin, false, "", 0);
}

void StepLog::backward_ends() {
  add(Event::kBackwardEnd, false, "", 0);
}

void StepLog::update_ends(std::size_t layer) {
  add(Event::kUpdate, false, "", 0, layer);
}

void StepLog::add(Event event, bool of_operator, std::string_view place, double bytes,
                  std::size_t layer) {
  entries_.push_back({event, of_operator, std::string(place), layer, bytes, clock_.mark()});
}

double StepLog::whole_s() const {
  return clock_.seconds(entries_.front().mark, entries_.back().mark);
}

std::vector<StepSpan> StepLog::layer_spans(const std::vector<TrainedLayer>& stack) const {
  std::vector<StepSpan> spans;
  int previous = entries_.front().mark;
  const Entry* open = nullptr;  // the backward that has begun
  for (const Entry& entry : entries_) {
    if (entry.of_operator || entry.event == Event::kBegin) continue;
    const double since = clock_.seconds(previous, entry.mark);
    if (open != nullptr) {
      spans.push_back({open->place, "", "backward", clock_.seconds(open->mark, entry.mark), 0});
      open = nullptr;
    }
    if (entry.event == Event::kForward) {
      spans.push_back({entry.place, "", "forward", since, entry.bytes});
    } else if (entry.event == Event::kBackward) {
      open = &entry;
    } else if (entry.event == Event::kUpdate) {
      spans.push_back({stack[entry.layer].name, "", "update", since, 0});
    }
    previous = entry.mark;
  }
  return spans;
}

std::vector<StepSpan> StepLog::operator_spans() const {
  std::vector<StepSpan> spans;
  std::size_t first_of_layer = 0;
  std::string layer;  // whose backward runs
  for (std::size_t i = 1; i < entries_.size(); ++i) {
    const Entry& entry = entries_[i];
    if (entry.event == Event::kForward && entry.of_operator) {
      spans.push_back({"", entry.place, "forward", clock_.seconds(entries_[i - 1].mark, entry.mark),
                       entry.bytes});
    } else if (entry.event == Event::kForward) {  // a layer ends: those before were its own
      for (; first_of_layer < spans.size(); ++first_of_layer) {
        spans[first_of_layer].layer = entry.place;
      }
    } else if (entry.event == Event::kBackward && !entry.of_operator) {
      layer = entry.place;
    } else if (entry.event == Event::kBackward) {
      spans.push_back(
          {layer, entry.place, "backward", clock_.seconds(entry.mark, entries_[i + 1].mark), 0});
    }
  }
  return spans;
}

}  // namespace sextant::profiler
