// Stands in for sextant_profile_rank: speaks its protocol with made-up times, and does what the
// words of the environment's FAKE_RANK say:
//   oom:TP:MBS           microbatches from MBS on do not fit at that degree
//   signal:TP:MBS:RANK:N that rank kills itself with signal N at the point
//   exit:TP:MBS:CODE     rank 0 ends with that code at the point, after a complaint on stderr
//   hang:TP:MBS          never comes to an end of the point
//   error:TP:MBS         hands over a document of status error, and ends
//   quit:TP:MBS          ends with exit code 0 instead of measuring the point
//   garbage:TP:MBS       says what is no report
//   other:TP:MBS         hands over the document of another point
//   broken:TP:MBS        hands over half a document
//   fat:BYTES            documents are at least so large
//   start:CODE           ends with that code before the first point
//   slow:MILLISECONDS    every point takes so long
// FAKE_RANK_LOG names a file that gets a line of rank 0 for each start ("start SIZE"), point that
// it begins ("begin TP MBS") and point that it ends ("TP MBS MIN_SAMPLES").

#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <thread>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/profile/serving_profile.h"
#include "profiler/protocol/profile_request.h"

namespace {

using namespace sextant;
using namespace sextant::profiler;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Instruction {
  std::string what;
  std::vector<int> numbers;
};

std::vector<Instruction> instructions() {
  std::vector<Instruction> out;
  std::istringstream words(environment("FAKE_RANK"));
  for (std::string word; words >> word;) {
    std::istringstream parts(word);
    Instruction instruction;
    std::getline(parts, instruction.what, ':');
    for (std::string number; std::getline(parts, number, ':');) {
      instruction.numbers.push_back(std::stoi(number));
    }
    out.push_back(instruction);
  }
  return out;
}

void log(const std::string& line) {
  const std::string file = environment("FAKE_RANK_LOG");
  if (!file.empty()) std::ofstream(file, std::ios::app) << line << "\n";
}

/// Other ranks meet rank 0 where it begins a point.
void wait_for_rank_0(const GridPoint& point) {
  const std::string wanted = fmt::format("begin {} {}", point.tp, point.microbatch);
  while (true) {
    std::ifstream in(environment("FAKE_RANK_LOG"));
    for (std::string line; std::getline(in, line);) {
      if (line == wanted) return;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
}

void say(const RankEvent& event) {
  const std::string line = event_line(event);
  std::fputs(line.c_str(), stdout);
  std::fflush(stdout);
}

[[noreturn]] void sleep_forever() {
  while (true) ::pause();
}

TimeSummary phase(double median_s) {
  return {median_s, 0.99 * median_s, 1.01 * median_s, 20, 0.004};
}

PointDocument document_of(const ProfileRequest& request, const GridPoint& point, bool fits) {
  PointDocument out;
  ProfileKey& key = out.key;
  key.model = request.model.name;
  key.gpu = request.gpu;
  key.dtype = to_string(request.dtype);
  key.optimizer = to_string(request.optimizer);
  key.variant =
      variant_name(key.dtype, request.recompute, request.sequence_parallel, key.optimizer);
  key.seq_len = request.seq_len;
  key.tp = point.tp;
  key.microbatch = point.microbatch;
  key.recompute = request.recompute;
  key.sequence_parallel = request.sequence_parallel;
  out.evidence = Evidence::kMeasuredCpu;
  out.provenance = request.provenance;
  out.provenance["time"] = "2026-01-01T00:00:00Z";
  if (!fits) {
    out.status = PointStatus::kOutOfMemory;
    out.reason = "the memory limit was reached";
    return out;
  }
  out.collectives_are_timed = request.real_collectives || point.tp == 1;
  out.memory_basis = "made up";
  for (const char* name : {"embedding", "block", "final_norm", "head"}) {
    LayerKindProfile kind;
    kind.kind = name;
    kind.forward = phase(1e-3 * point.microbatch / point.tp);
    kind.backward = phase(2e-3 * point.microbatch / point.tp);
    kind.update = phase(1e-4 / point.tp);
    kind.parameter_bytes = 4096.0 / point.tp;
    kind.input_bytes = kind.output_bytes = 1024.0 * point.microbatch;
    kind.saved_activation_bytes = 2048.0 * point.microbatch;
    out.kinds.push_back(kind);
  }
  out.sequence = {{0, 1}, {1, request.model.layers}, {2, 1}, {3, 1}};
  return out;
}

std::string serving_document(const ProfileRequest& request, const GridPoint& point) {
  ServingDocument out;
  const std::string dtype(to_string(request.dtype));
  out.key = {request.model.name, request.gpu, dtype, dtype, point.tp};
  out.evidence = Evidence::kMeasuredCpu;
  out.memory_basis = "made up";
  out.provenance = request.provenance;
  out.provenance["time"] = "2026-01-01T00:00:00Z";
  ServingLayerProfile block;
  block.kind = "block";
  block.weight_bytes = 4096;
  block.kv_bytes_per_token = 64;
  for (const int tokens : request.prefill_tokens) {
    block.prefill.push_back({tokens, phase(1e-5 * tokens)});
  }
  for (const int context : request.decode_contexts) {
    for (const int batch : request.decode_batches) {
      block.decode.push_back({batch, context, phase(1e-6 * (batch + context))});
    }
  }
  out.kinds = {block};
  out.sequence = {{0, request.model.layers}};
  out.failures = {{"decode", 1024, 8192, PointStatus::kOutOfMemory, "the memory limit"}};
  return serving_document_text(out);
}

bool is_at(const Instruction& instruction, const GridPoint& point) {
  return instruction.numbers.size() >= 2 && instruction.numbers[0] == point.tp &&
         instruction.numbers[1] == point.microbatch;
}

/// Faults of rank 0, or of a rank that it would wait for.
void misbehave(const Instruction& fault, const GridPoint& point, int rank) {
  if (!is_at(fault, point)) return;
  if (fault.what == "signal") {
    if (rank != fault.numbers[2]) sleep_forever();
    if (rank != 0) wait_for_rank_0(point);
    std::fputs("something terrible happened\n", stderr);
    ::kill(::getpid(), fault.numbers[3]);
  }
  if (fault.what == "exit") {
    std::fputs("first this\nthen that\n", stderr);
    std::exit(fault.numbers[2]);
  }
  if (fault.what == "hang") sleep_forever();
  if (fault.what == "quit") std::exit(0);
  if (fault.what == "garbage") {
    std::puts("{\"event\": \"result\", \"poi");
    std::fflush(stdout);
    sleep_forever();
  }
}

/// Whether it fits.
bool measure(const ProfileRequest& request, const GridPoint& point, int rank,
             const std::vector<Instruction>& list) {
  bool fits = true;
  GridPoint handed_over = point;
  bool broken = false;
  bool failed = false;
  std::size_t padding = 0;
  if (rank == 0) {
    log(fmt::format("begin {} {}", point.tp, point.microbatch));
    say({RankEvent::Kind::kBegin, point, "", ""});
  }
  for (const Instruction& instruction : list) {
    misbehave(instruction, point, rank);
    const auto& numbers = instruction.numbers;
    if (instruction.what == "oom" && numbers[0] == point.tp && point.microbatch >= numbers[1]) {
      fits = false;
    }
    if (instruction.what == "other" && is_at(instruction, point)) handed_over.microbatch += 1;
    if (instruction.what == "error" && is_at(instruction, point)) failed = true;
    if (instruction.what == "broken" && is_at(instruction, point)) broken = true;
    if (instruction.what == "fat") padding = static_cast<std::size_t>(numbers[0]);
    if (instruction.what == "slow") {
      std::this_thread::sleep_for(std::chrono::milliseconds(numbers[0]));
    }
  }
  if (rank != 0) return fits;
  log(fmt::format("{} {} {}", point.tp, point.microbatch, request.stopping.min_samples));
  PointDocument document = document_of(request, handed_over, fits);
  document.memory_basis.append(padding, '.');
  if (failed) {
    document = document_of(request, handed_over, false);
    document.status = PointStatus::kError;
    document.reason = "an illegal instruction was met";
  }
  std::string text = request.mode == Mode::kServe ? serving_document(request, point)
                                                  : point_document_text(document);
  if (broken) text.resize(text.size() / 2);
  say({RankEvent::Kind::kResult, point, text, ""});
  if (failed) std::exit(5);
  return fits;
}

int run(const char* file) {
  const int rank = std::stoi(environment("RANK"));
  const JsonDocument document = JsonDocument::read(file);
  const ProfileRequest request = profile_request_from(document.root());
  const std::vector<Instruction> list = instructions();
  if (rank == 0) log("start " + environment("WORLD_SIZE"));
  for (const Instruction& instruction : list) {
    if (instruction.what != "start") continue;
    std::fputs("no device\n", stderr);
    return instruction.numbers[0];
  }
  if (rank == 0) {
    std::puts("host:1:2 [0] NCCL INFO Bootstrap: no report, but no harm");
    say({RankEvent::Kind::kNote, {}, "", "these times are made up"});
  }
  for (std::size_t i = 0; i < request.points.size(); ++i) {
    const bool fits = measure(request, request.points[i], rank, list);
    const bool goes_on =
        i + 1 < request.points.size() && request.points[i + 1].tp == request.points[i].tp;
    // Nobody should be interested in larger ones now.
    if (!fits && goes_on) std::this_thread::sleep_for(std::chrono::seconds(20));
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return argc == 2 ? run(argv[1]) : 2;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "fake_rank: %s\n", error.what());
    return 1;
  }
}
