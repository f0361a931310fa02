#include "profiler/sweep/point_files.h"

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"
#include "profiler/sweep/git_revision.h"

namespace sextant::profiler {

namespace {

std::string utc_now() {
  const std::time_t now = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&now, &parts);
  char text[32] = "";
  std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &parts);
  return text;
}

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

/// Of a document of training that can be read.
std::optional<ProfileKey> key_in(const std::filesystem::path& file) {
  try {
    return read_point_document(JsonDocument::read(file)).key;
  } catch (const Error&) {
    return std::nullopt;
  }
}

PointOutcome serving_outcome(const JsonDocument& document) {
  const JsonNode root = document.root_of_kind("serving_profile", 1);
  PointOutcome outcome;
  outcome.status = PointStatus::kOk;
  if (const auto status = root.find("status")) {
    for (const PointStatus known :
         {PointStatus::kOutOfMemory, PointStatus::kError, PointStatus::kTimeout}) {
      if (status->string() == to_string(known)) outcome.status = known;
    }
    if (outcome.status != PointStatus::kOk) outcome.reason = root.at("reason").string();
  }
  return outcome;
}

PointOutcome outcome_from(const Sweep& sweep, const SweepPoint& point,
                          const JsonDocument& document) {
  return sweep.options.mode == Mode::kTrain ? training_outcome(point, document)
                                            : serving_outcome(document);
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
  out.evidence =
      sweep.machine.device == DeviceKind::kCpu ? Evidence::kMeasuredCpu : Evidence::kMeasuredGpu;
  if (like != nullptr) {
    out.provenance = like->provenance;
  } else {
    out.provenance = sweep.machine.provenance;
    out.provenance["command"] = sweep.options.command;
    out.provenance["git_revision"] = git_revision();
    out.provenance["time"] = utc_now();
  }
  return out;
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
    if (const auto key = key_in(point.file); key && *key != point.key) {
      throw_bad_input(
          fmt::format("{}: is of {}; this sweep would put {} there: take another --out, "
                      "or --force",
                      point.file.string(), key->text(), point.key.text()));
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
