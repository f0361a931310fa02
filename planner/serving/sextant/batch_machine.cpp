#include <algorithm>

#include "planner/serving/sextant/batch_simulation.h"

namespace sextant {
namespace {

/// Seconds per byte that goes from the host to a GPU, through a staging buffer.
constexpr double kCopySecondsPerByte = 1 / 4e9 + 1 / 5e9;

}  // namespace

void BatchSimulation::start_batch(int index, double time_s) {
  Node& node = nodes_[at(index)];
  const ServedNode& served = network_.nodes[at(index)];
  const MachineType& type = network_.profiles.types[at(served.type)];
  double copied_tokens = 0;
  double next_s = kNever;
  std::size_t left = 0;
  const std::size_t first_new = node.prompts.size();
  for (const Waiting& waiting : node.arriving) {
    if (waiting.arrival_s > time_s) {
      next_s = std::min(next_s, waiting.arrival_s);
      node.arriving[left++] = waiting;
      continue;
    }
    const Request& request = requests_[at(waiting.request)];
    if (request.decoded < 0) {
      copied_tokens += request.length.input_tokens;
      node.prompts.push_back(waiting.request);
    } else {
      copied_tokens += 1;
      node.decodes.push_back(waiting.request);
    }
  }
  node.arriving.resize(left);
  // Those that were issued first mostly came first.
  std::sort(node.prompts.begin() + static_cast<std::ptrdiff_t>(first_new), node.prompts.end(),
            [&](int a, int b) {
              const double x = requests_[at(a)].issued_s;
              const double y = requests_[at(b)].issued_s;
              return x != y ? x < y : a < b;
            });
  node.batch.clear();
  double prompt_tokens = 0;
  std::size_t taken = 0;
  for (; taken < node.prompts.size() && static_cast<int>(taken) < served.prompt_max_requests;
       ++taken) {
    const double tokens = requests_[at(node.prompts[taken])].length.input_tokens;
    if (prompt_tokens + tokens > served.prompt_max_tokens) break;
    prompt_tokens += tokens;
    node.batch.push_back(node.prompts[taken]);
  }
  node.prompts.erase(node.prompts.begin(),
                     node.prompts.begin() + static_cast<std::ptrdiff_t>(taken));
  double context = 0;
  std::size_t decodes = 0;
  for (; decodes < node.decodes.size() && static_cast<int>(decodes) < served.decode_max_requests;
       ++decodes) {
    const Request& request = requests_[at(node.decodes[decodes])];
    context += request.length.input_tokens + request.decoded;
    if (context > served.decode_max_context_tokens) break;
    node.batch.push_back(node.decodes[decodes]);
  }
  node.decodes.erase(node.decodes.begin(),
                     node.decodes.begin() + static_cast<std::ptrdiff_t>(decodes));
  if (node.batch.empty()) {
    node.busy = false;
    node.wake_s = next_s;
    if (next_s < kNever) schedule(next_s, EventKind::kWake, index);
    return;
  }
  node.kv_used += prompt_tokens + static_cast<double>(decodes);
  if (node.kv_used > node.kv_capacity) failed_ = true;
  const double decode_s = type.decode_s.at(static_cast<double>(decodes)) * (decodes == 1 ? 2 : 1);
  const double layer_s = type.prompt_s.at(prompt_tokens) + decode_s;
  node.busy = true;
  schedule(time_s + node.layers * layer_s +
               copied_tokens * network_.profiles.model.activation_bytes * kCopySecondsPerByte,
           EventKind::kBatchDone, index);
}

void BatchSimulation::finish_batch(int index, double time_s) {
  // Sending does not touch the batch of a busy node.
  for (const int request : nodes_[at(index)].batch) send(request, time_s);
  start_batch(index, time_s);
}

}  // namespace sextant
