#include "planner/serving/milp/placement_program.h"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "analyzer/serving/flow/max_flow.h"

namespace sextant {

namespace {

using Term = MixedIntegerProgram::Term;
constexpr double kInfinity = MixedIntegerProgram::kInfinity;

std::size_t at(int index) {
  return static_cast<std::size_t>(index);
}

}  // namespace

PlacementProgram::PlacementProgram(const PlacementProblem& problem,
                                   const PlacementProgramForm& form)
    : problem_(problem), form_(form), layers_(problem.profiles->model.layers) {
  add_machines();
  add_edges();
  add_machine_rows();
  for (const Edge& edge : edges_) {
    add_edge_rows(edge);
    if (edge.from != kCoordinator && edge.to != kCoordinator) add_link_rows(edge);
  }
}

void PlacementProgram::add_machines() {
  const ServingProfiles& profiles = *problem_.profiles;
  for (const ServingMachine& machine : problem_.cluster->machines) {
    const int type_index = profiles.type_index(machine.type);
    const MachineType& type = profiles.types[at(type_index)];
    const double nic = std::min(type.nic_in_bytes_per_s, type.nic_out_bytes_per_s) /
                       profiles.model.activation_bytes;
    const std::size_t i = machines_.size();
    const double last_first = form_.remove_redundant ? kInfinity : layers_ - 1;
    Machine columns;
    columns.first = program_.add_column(fmt::format("s_{}", i), 0, last_first, true);
    const std::vector<double>& throughput = problem_.throughput[at(type_index)];
    for (int k = 1; k <= std::min(type.max_layers, layers_); ++k) {
      columns.holds.push_back(program_.add_column(fmt::format("b_{}_{}", i, k), 0, 1, true));
      columns.most.push_back(std::min(throughput[at(k)], nic));
    }
    if (columns.holds.empty() && !form_.allow_unused) {
      throw_infeasible(fmt::format("{} (type {}) cannot hold a layer of {}, but every machine must",
                                   quote(machine.name), quote(machine.type),
                                   quote(profiles.model.name)));
    }
    machines_.push_back(std::move(columns));
  }
}

double PlacementProgram::best(int machine) const {
  const std::vector<double>& most = machines_[at(machine)].most;
  return most.empty() ? 0 : *std::max_element(most.begin(), most.end());
}

std::string PlacementProgram::name_of(const Edge& edge) const {
  const auto end = [](int machine, const char* coordinator) {
    return machine == kCoordinator ? coordinator : std::to_string(machine);
  };
  return fmt::format("{}_{}", end(edge.from, "source"), end(edge.to, "sink"));
}

void PlacementProgram::add_edges() {
  const ServedModel& model = problem_.profiles->model;
  const auto add = [&](int from, int to, double capacity) {
    Edge edge;
    edge.from = from;
    edge.to = to;
    edge.capacity = capacity;
    for (const int machine : {from, to}) {
      if (form_.tighten && machine != kCoordinator) {
        edge.capacity = std::min(edge.capacity, best(machine));
      }
    }
    edges_.push_back(edge);
  };
  for (const ServingLink& link : problem_.cluster->links) {
    if (link.from == kCoordinator || link.to == kCoordinator) {
      add(link.from, link.to, link.bytes_per_s / model.token_bytes);
    } else {
      add(link.from, link.to, link.bytes_per_s / model.activation_bytes);
      add(link.to, link.from, link.bytes_per_s / model.activation_bytes);
    }
  }
  for (Edge& edge : edges_) {
    const double gain = edge.from == kCoordinator ? 1 : 0;
    edge.flow = program_.add_column("f_" + name_of(edge), 0, kInfinity, false, gain);
  }
  for (Edge& edge : edges_) {
    edge.open = program_.add_column("d_" + name_of(edge), 0, 1, true);
  }
  if (!problem_.partial_inference) return;
  for (Edge& edge : edges_) {
    if (edge.from == kCoordinator || edge.to == kCoordinator) continue;
    edge.reached = program_.add_column("c1_" + name_of(edge), 0, 1, true);
    edge.further = program_.add_column("c2_" + name_of(edge), 0, 1, true);
  }
}

void PlacementProgram::append_end(int machine, double factor, std::vector<Term>& terms) const {
  const Machine& columns = machines_[at(machine)];
  terms.push_back({columns.first, factor});
  for (std::size_t k = 0; k < columns.holds.size(); ++k) {
    terms.push_back({columns.holds[k], factor * static_cast<double>(k + 1)});
  }
}

void PlacementProgram::add_machine_rows() {
  std::vector<std::vector<Term>> balance(machines_.size());
  std::vector<std::vector<Term>> load(machines_.size());
  for (const Edge& edge : edges_) {
    if (edge.to != kCoordinator) {
      balance[at(edge.to)].push_back({edge.flow, 1});
      load[at(edge.to)].push_back({edge.flow, 1});
    }
    if (edge.from != kCoordinator) balance[at(edge.from)].push_back({edge.flow, -1});
  }
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    std::vector<Term> held;
    for (std::size_t k = 0; k < machines_[i].holds.size(); ++k) {
      held.push_back({machines_[i].holds[k], 1});
      load[i].push_back({machines_[i].holds[k], -machines_[i].most[k]});
    }
    std::vector<Term> end;
    append_end(static_cast<int>(i), 1, end);
    program_.add_row(fmt::format("held_{}", i), form_.allow_unused ? 0 : 1, 1, held);
    program_.add_row(fmt::format("end_{}", i), -kInfinity, layers_, end);
    program_.add_row(fmt::format("balance_{}", i), 0, 0, balance[i]);
    program_.add_row(fmt::format("load_{}", i), -kInfinity, 0, load[i]);
  }
}

void PlacementProgram::add_edge_rows(const Edge& edge) {
  const std::string name = name_of(edge);
  const double m = layers_;
  program_.add_row("room_" + name, -kInfinity, 0, {{edge.flow, 1}, {edge.open, -edge.capacity}});
  if (edge.from == kCoordinator) {
    const int first = machines_[at(edge.to)].first;
    program_.add_row("begins_" + name, -kInfinity, m, {{first, 1}, {edge.open, m}});
    if (!form_.remove_redundant) {
      program_.add_row("opens_" + name, 1, kInfinity, {{edge.open, 1}, {first, 1}});
    }
  } else if (edge.to == kCoordinator) {
    std::vector<Term> ends = {{edge.open, m}};
    append_end(edge.from, -1, ends);
    program_.add_row("ends_" + name, -kInfinity, 0, ends);
    if (!form_.remove_redundant && layers_ > 1) {
      std::vector<Term> opens = {{edge.open, m - 1}};
      append_end(edge.from, -1, opens);
      program_.add_row("opens_" + name, -(m - 1), kInfinity, opens);
    }
  }
}

void PlacementProgram::add_link_rows(const Edge& edge) {
  const std::string name = name_of(edge);
  const double m = layers_;
  const int to_first = machines_[at(edge.to)].first;
  // Where `to` begins less where `from` ends.
  std::vector<Term> ahead = {{to_first, 1}};
  append_end(edge.from, -1, ahead);
  const auto with = [](std::vector<Term> terms, Term last) {
    terms.push_back(last);
    return terms;
  };
  if (!problem_.partial_inference) {
    program_.add_row("no_later_" + name, -m, kInfinity, with(ahead, {edge.open, -m}));
    program_.add_row("no_sooner_" + name, -kInfinity, m, with(ahead, {edge.open, m}));
    return;
  }
  // Where `to` ends less where `from` ends.
  std::vector<Term> beyond;
  append_end(edge.to, 1, beyond);
  append_end(edge.from, -1, beyond);
  const double more = m + 1;
  program_.add_row("reached_" + name, -kInfinity, more, with(ahead, {edge.reached, more}));
  program_.add_row("further_" + name, 1 - more, kInfinity, with(beyond, {edge.further, -more}));
  program_.add_row("both_" + name, -kInfinity, 0,
                   {{edge.open, 2}, {edge.reached, -1}, {edge.further, -1}});
  if (form_.remove_redundant) return;
  program_.add_row("is_reached_" + name, 1, kInfinity, with(ahead, {edge.reached, more}));
  program_.add_row("is_further_" + name, -kInfinity, 0, with(beyond, {edge.further, -more}));
  program_.add_row("opens_" + name, -kInfinity, 1,
                   {{edge.reached, 1}, {edge.further, 1}, {edge.open, -1}});
}

std::vector<double> PlacementProgram::values(const Placement& placement) const {
  std::vector<double> values(at(program_.columns()), 0.0);
  const int machines = static_cast<int>(machines_.size());
  const int source = 2 * machines;
  const int sink = source + 1;
  if (placement.size() != machines_.size()) {
    throw_bad_input(fmt::format("the start has layers of {} machines, the cluster has {}",
                                placement.size(), machines));
  }
  Placement held = placement;
  MaxFlow graph(sink + 1, source, sink);
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    const Machine& machine = machines_[i];
    if (held[i].empty()) {
      if (form_.allow_unused) continue;
      held[i] = {0, 1};
    }
    if (held[i].first < 0 || held[i].end > layers_ || at(held[i].layers()) > machine.holds.size()) {
      throw_bad_input(
          fmt::format("the start gives {} layers {} to {}, but it can hold {} of the {} layers",
                      quote(problem_.cluster->machines[i].name), held[i].first, held[i].end - 1,
                      machine.holds.size(), layers_));
    }
    const std::size_t k = at(held[i].layers() - 1);
    values[at(machine.first)] = held[i].first;
    values[at(machine.holds[k])] = 1;
    graph.add_edge(2 * static_cast<int>(i), 2 * static_cast<int>(i) + 1, machine.most[k]);
  }
  std::vector<std::pair<const Edge*, int>> open;
  for (const Edge& edge : edges_) {
    // Machines that hold nothing are at layer 0, as their columns are.
    const LayerInterval from = edge.from == kCoordinator ? LayerInterval() : held[at(edge.from)];
    const LayerInterval to = edge.to == kCoordinator ? LayerInterval() : held[at(edge.to)];
    bool connected = from.end == to.first;
    if (edge.to == kCoordinator) {
      connected = from.end == layers_;
    } else if (edge.from != kCoordinator && problem_.partial_inference) {
      values[at(edge.reached)] = to.first <= from.end ? 1 : 0;
      values[at(edge.further)] = to.end > from.end ? 1 : 0;
      connected = to.first <= from.end && to.end > from.end;
    }
    if (!connected) continue;
    values[at(edge.open)] = 1;
    open.emplace_back(&edge,
                      graph.add_edge(edge.from == kCoordinator ? source : 2 * edge.from + 1,
                                     edge.to == kCoordinator ? sink : 2 * edge.to, edge.capacity));
  }
  graph.solve();
  for (const auto& [edge, index] : open) values[at(edge->flow)] = graph.flow(index);
  return values;
}

Placement PlacementProgram::placement(const std::vector<double>& values) const {
  Placement placement;
  for (const Machine& machine : machines_) {
    LayerInterval held;
    for (std::size_t k = 0; k < machine.holds.size(); ++k) {
      if (values[at(machine.holds[k])] > 0.5) {
        held.first = static_cast<int>(std::lround(values[at(machine.first)]));
        held.end = held.first + static_cast<int>(k) + 1;
      }
    }
    placement.push_back(held);
  }
  return placement;
}

}  // namespace sextant
