#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_point.h"

namespace sextant {

inline void write_text(const std::filesystem::path& path, const std::string& text) {
  std::filesystem::create_directories(path.parent_path());
  std::ofstream(path, std::ios::binary) << text;
}

/// What the action throws; fails the test where it throws nothing or another code.
inline std::string message_of(const std::function<void()>& action,
                              ErrorCode code = ErrorCode::kBadInput) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), code) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "nothing was thrown";
  return "";
}

/// n samples around a median, 10 % to either side.
inline PhaseTime phase(double median_s) {
  return {median_s, 0.9 * median_s, 1.1 * median_s, 20, 0.05};
}

/// Embedding, three blocks and a head, measured on a GPU; a block's forward takes
/// `forward_s` times the microbatch, its backward twice that.
inline PointDocument toy_point(int tp, int microbatch, double forward_s = 0.01,
                               const std::string& time = "2026-01-01T00:00:00Z") {
  PointDocument point;
  point.key = {"toy", "A100-40", "fp32", "fp32", 128, tp, microbatch, false, false};
  point.evidence = Evidence::kMeasuredGpu;
  point.memory_basis = "test";
  for (const char* name : {"embedding", "block", "head"}) {
    LayerKindProfile kind;
    kind.kind = name;
    kind.forward = phase(forward_s * microbatch);
    kind.backward = phase(2 * forward_s * microbatch);
    kind.update = phase(0.001);
    kind.parameter_bytes = 4.0e6 / tp;
    kind.input_bytes = 1024.0 * microbatch;
    kind.output_bytes = 1024.0 * microbatch;
    kind.saved_activation_bytes = 8192.0 * microbatch;
    point.kinds.push_back(kind);
  }
  point.sequence = {{0, 1}, {1, 3}, {2, 1}};
  point.provenance = {{"gpu_name", "NVIDIA A100-SXM4-40GB"},
                      {"driver", "580.1"},
                      {"cuda", "13.0"},
                      {"host", "node1"},
                      {"command", "profile_model --model toy"},
                      {"git_revision", "abc"},
                      {"time", time}};
  point.source = "toy.json";
  return point;
}

inline PointDocument failed_point(int tp, int microbatch, PointStatus status) {
  PointDocument point = toy_point(tp, microbatch);
  point.kinds.clear();
  point.sequence.clear();
  point.status = status;
  point.reason = "CUDA out of memory";
  return point;
}

}  // namespace sextant
