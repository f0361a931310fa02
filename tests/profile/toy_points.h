#pragma once

#include <filesystem>
#include <fstream>
#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "analyzer/profile/profile_point.h"
#include "analyzer/profile/serving_profile.h"

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
inline TimeSummary phase(double median_s) {
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

/// A point that has every optional member that a point of status ok may have.
inline PointDocument full_point() {
  PointDocument point = toy_point(2, 4);
  point.collectives_are_timed = false;
  LayerKindProfile& block = point.kinds[1];
  block.training_memory = {2e6, 4e6, 512, 1024, 256, 9e6};
  block.collectives = {{"all_reduce", "forward", 4096}};
  block.operators = {{"qkv", 0.002, 0.004, 1e6, 2048, 1024}, {"softmax", 0.001, 0.001, 0, 2048, 0}};
  block.kernels = {{"gemm<128, 128>", "backward", 6, 0.001}};
  block.kernel_summaries = {{"forward", 0.009, 0.001, 0.5}, {"update", 0.0001, 0, 0}};
  point.cross_check = CrossCheck{phase(0.25), 0.245};
  point.process_memory = ProcessMemory{5e8, 2e8, 1.5e9, 1.25e9};
  point.stopping = StoppingRule{0.005, 10, 15, "rel_stdev 0.012 after 15 s"};
  point.conditions = DeviceConditions{1200, 1410, 71, 312.5, {"sw_power_cap"}, 3};
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

/// A serving profile of an embedding and two blocks that has every optional member.
inline ServingDocument toy_serving(int tp, const std::string& time = "2026-01-01T00:00:00Z") {
  ServingDocument document;
  document.key = {"toy", "A100-40", "bf16", "bf16", tp};
  document.evidence = Evidence::kMeasuredGpu;
  document.collectives_are_timed = false;
  document.memory_basis = "test";
  for (const char* name : {"embedding", "block"}) {
    ServingLayerProfile layer;
    layer.kind = name;
    layer.prefill = {{1, phase(0.001)}, {128, phase(0.01)}};
    layer.decode = {{1, 64, phase(0.001)}, {8, 64, phase(0.002)}, {1, 256, phase(0.003)}};
    layer.weight_bytes = 2.0e6 / tp;
    layer.prefill_workspace_bytes = 4096;
    layer.decode_workspace_bytes = 512;
    document.kinds.push_back(layer);
  }
  document.kinds[1].prefill.push_back({512, phase(0.05)});
  document.kinds[1].kv_bytes_per_token = 256;
  document.kinds[1].collectives = {{"all_reduce", "prefill", 128, 0},
                                   {"all_gather", "decode", 0, 64}};
  document.sequence = {{0, 1}, {1, 2}};
  document.failures = {{"decode", 512, 256, PointStatus::kOutOfMemory, "CUDA out of memory"}};
  document.process_memory = ProcessMemory{5e8, 2e8, 1.5e9, 1.25e9};
  document.stopping = StoppingRule{};
  document.conditions = DeviceConditions{1200, 1410, 71, 312.5, {}, 0};
  document.provenance = toy_point(1, 1, 0.01, time).provenance;
  document.source = "serving.json";
  return document;
}

}  // namespace sextant
