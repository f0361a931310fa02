#include "analyzer/training/timeline.h"

namespace sextant {

std::string_view to_string(Activity activity) {
  switch (activity) {
    case Activity::kForward:
      return "forward";
    case Activity::kBackward:
      return "backward";
    case Activity::kBackwardInput:
      return "backward input";
    case Activity::kBackwardWeight:
      return "backward weight";
    case Activity::kSendActivation:
      return "send activation";
    case Activity::kSendGradient:
      return "send gradient";
    case Activity::kSync:
      return "sync";
    case Activity::kUpdate:
      return "update";
  }
  return "";
}

std::string_view to_string(Stream stream) {
  switch (stream) {
    case Stream::kCompute:
      return "compute";
    case Stream::kSend:
      return "send";
    case Stream::kSync:
      return "sync";
  }
  return "";
}

}  // namespace sextant
