#pragma once

#include <optional>
#include <string>

#include "analyzer/profile/serving_profile.h"
#include "profiler/sweep/sweep_plan.h"

namespace sextant::profiler {

/// What is known of a point.
struct PointOutcome {
  std::optional<PointStatus> status;  ///< nothing: not measured (yet)
  std::string reason;                 ///< where status is not ok
  bool kept = false;                  ///< it was there before
  /// Why a document that was there is measured again; "" where none was.
  std::string again;
  std::optional<PointDocument> document;   ///< of training
  std::optional<ServingDocument> serving;  ///< of serving
};

/// What the document at the point's place says, read and held against what is asked: a status with
/// kept = true where it answers (ok, or out of memory), else none, with why it does not in `again`.
PointOutcome find_outcome(const Sweep& sweep, const SweepPoint& point);

/// Checks the document that a rank handed over, and that it is of the point that was asked for.
/// Throws Error(kBadInput) where it is not.
PointOutcome outcome_of(const Sweep& sweep, const SweepPoint& point, const std::string& text);

/// The outcome of a point that failed, with a document that says so; see failed_document().
PointOutcome failed_outcome(const Sweep& sweep, const SweepPoint& point, PointStatus status,
                            const std::string& reason);

/// The text of the outcome's document.
std::string document_text(const PointOutcome& outcome);

/// The training document of a point that has no times: status and reason, with what the parent
/// knows of the machine as provenance, or, where `like` is not null, with that document's.
PointDocument failed_document(const Sweep& sweep, const SweepPoint& point, PointStatus status,
                              std::string reason, const PointDocument* like = nullptr);

/// Makes the directory where it is missing, and throws Error(kBadInput) where files cannot be
/// written there.
void check_writable(const std::filesystem::path& directory);

/// Throws Error(kBadInput) where documents are in the way: with neither --resume nor --force any of
/// the sweep's, with --resume those of another point than their name says.
void refuse_existing(const Sweep& sweep);

}  // namespace sextant::profiler
