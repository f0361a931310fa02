#include "profiler/sweep/point_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "analyzer/core/git_revision.h"

namespace sextant::profiler {

namespace {

PointOutcome training_outcome(const SweepPoint& point, const JsonDocument& document) {
  PointDocument found = read_point_document(document);
  if (found.key != point.key) {
    throw_bad_input(fmt::format("{}: is of {}; asked for was {}", document.file(), found.key.text(),
                                point.key.text()));
  }
  found.source.clear();  // its own file's name, which the document does not repeat
  PointOutcome outcome;
  outcome.status = found.status;
  outcome.reason = found.reason;
  outcome.document = std::move(found);
  return outcome;
}

PointOutcome serving_outcome(const SweepPoint& point, const JsonDocument& document) {
  ServingDocument found = read_serving_document(document);
  const ServingKey asked = serving_key(point.key);
  if (found.key != asked) {
    throw_bad_input(fmt::format("{}: is of {}; asked for was {}", document.file(), found.key.text(),
                                asked.text()));
  }
  found.source.clear();
  PointOutcome outcome;
  outcome.status = found.status;
  outcome.reason = found.reason;
  outcome.serving = std::move(found);
  return outcome;
}

PointOutcome outcome_from(const Sweep& sweep, const SweepPoint& point,
                          const JsonDocument& document) {
  return sweep.options.mode == Mode::kTrain ? training_outcome(point, document)
                                            : serving_outcome(point, document);
}

/// Of what another point's document in the place of this one is; "" where it is this one's, or is
/// no readable document.
std::string other_key_in(const Sweep& sweep, const SweepPoint& point) {
  try {
    const JsonDocument document = JsonDocument::read(point.file);
    if (sweep.options.mode == Mode::kServe) {
      const ServingKey key = read_serving_document(document).key;
      return key == serving_key(point.key) ? "" : key.text();
    }
    const ProfileKey key = read_point_document(document).key;
    return key == point.key ? "" : key.text();
  } catch (const Error&) {
    return "";
  }
}

Evidence evidence_of(const Machine& machine) {
  return machine.device == DeviceKind::kCpu ? Evidence::kMeasuredCpu : Evidence::kMeasuredGpu;
}

std::map<std::string, std::string> own_provenance(const Sweep& sweep) {
  std::map<std::string, std::string> out = sweep.machine.provenance;
  out["command"] = sweep.options.command;
  out["git_revision"] = git_revision();
  out["time"] = utc_now();
  return out;
}

}  // namespace

PointOutcome outcome_of(const Sweep& sweep, const SweepPoint& point, const std::string& text) {
  return outcome_from(sweep, point,
                      JsonDocument::parse(text, "result of " + point.text(sweep.options.mode)));
}

PointOutcome find_outcome(const Sweep& sweep, const SweepPoint& point) {
  PointOutcome outcome;
  if (!std::filesystem::exists(point.file)) return outcome;
  try {
    outcome = outcome_from(sweep, point, JsonDocument::read(point.file));
  } catch (const Error& error) {
    outcome = {};
    outcome.again = error.what();
    return outcome;
  }
  outcome.kept = outcome.status == PointStatus::kOk || outcome.status == PointStatus::kOutOfMemory;
  if (outcome.kept) return outcome;
  PointOutcome open;
  open.again =
      fmt::format("{}: {}: {}", point.file.string(), to_string(*outcome.status), outcome.reason);
  return open;
}

PointDocument failed_document(const Sweep& sweep, const SweepPoint& point, PointStatus status,
                              std::string reason, const PointDocument* like) {
  PointDocument out;
  out.key = point.key;
  out.status = status;
  out.reason = std::move(reason);
  out.evidence = evidence_of(sweep.machine);
  out.provenance = like != nullptr ? like->provenance : own_provenance(sweep);
  return out;
}

PointOutcome failed_outcome(const Sweep& sweep, const SweepPoint& point, PointStatus status,
                            const std::string& reason) {
  PointOutcome outcome;
  outcome.status = status;
  outcome.reason = reason;
  if (sweep.options.mode == Mode::kTrain) {
    outcome.document = failed_document(sweep, point, status, reason);
    return outcome;
  }
  ServingDocument& document = outcome.serving.emplace();
  document.key = serving_key(point.key);
  document.status = status;
  document.reason = reason;
  document.evidence = evidence_of(sweep.machine);
  document.provenance = own_provenance(sweep);
  return outcome;
}

std::string document_text(const PointOutcome& outcome) {
  return outcome.document ? point_document_text(*outcome.document)
                          : serving_document_text(*outcome.serving);
}

void check_writable(const std::filesystem::path& directory) {
  std::error_code failure;
  std::filesystem::create_directories(directory, failure);
  if (failure) {
    throw_bad_input(
        fmt::format("--out {}: cannot be made: {}", directory.string(), failure.message()));
  }
  std::string name = (directory / ".sextant-XXXXXX").string();
  const int file = ::mkstemp(name.data());
  if (file < 0) {
    throw_bad_input(
        fmt::format("--out {}: cannot be written: {}", directory.string(), std::strerror(errno)));
  }
  ::close(file);
  ::unlink(name.c_str());
}

void refuse_existing(const Sweep& sweep) {
  if (sweep.options.force) return;
  std::vector<std::string> found;
  for (const SweepPoint& point : sweep.points) {
    if (!std::filesystem::exists(point.file)) continue;
    found.push_back(point.file.string());
    if (!sweep.options.resume) continue;
    if (const std::string other = other_key_in(sweep, point); !other.empty()) {
      throw_bad_input(
          fmt::format("{}: is of {}; this sweep would put {} there: take another --out, "
                      "or --force",
                      point.file.string(), other, point.key.text()));
    }
  }
  if (found.empty() || sweep.options.resume) return;
  throw_bad_input(fmt::format(
      "{}: is there already{}: --resume keeps what is done and measures the rest, "
      "--force measures all again",
      found.front(),
      found.size() > 1
          ? fmt::format(", and {} more of the {} points", found.size() - 1, sweep.points.size())
          : ""));
}

}  // namespace sextant::profiler
