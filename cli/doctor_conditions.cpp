#include "cli/doctor_conditions.h"

#include <utility>

namespace sextant::cli {

std::string_view to_string(Condition::State state) {
  switch (state) {
    case Condition::State::kQuiet:
      return "quiet";
    case Condition::State::kDisturbing:
      return "disturbing";
    case Condition::State::kUnknown:
      return "unknown";
  }
  return "unknown";
}

Condition quiet(std::string name, std::string found) {
  return {std::move(name), "CPU", Condition::State::kQuiet, std::move(found), "", ""};
}
Condition disturbing(std::string name, std::string found, std::string reason, std::string remedy) {
  return {
      std::move(name),  "CPU", Condition::State::kDisturbing, std::move(found), std::move(reason),
      std::move(remedy)};
}
Condition untold(std::string name, std::string tried) {
  return {std::move(name), "CPU", Condition::State::kUnknown, std::move(tried), "", ""};
}

}  // namespace sextant::cli
