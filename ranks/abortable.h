#pragma once

namespace sextant::ranks {

/// Something that a rank may hang in.
class Abortable {
 public:
  virtual ~Abortable() = default;
  /// Makes whatever hangs in another thread fail. May be called from any thread, once.
  virtual void abort() = 0;
};

}  // namespace sextant::ranks
