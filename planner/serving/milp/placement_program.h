#pragma once

#include <vector>

#include "planner/serving/milp/mixed_integer_program.h"
#include "planner/serving/placement_planner.h"

namespace sextant {

/// Which of the equivalent forms of the program.
struct PlacementProgramForm {
  /// Leave out what follows from the rest, as the artifact's runs do.
  bool remove_redundant = true;
  /// No edge is given more room than the machines at its ends can use: the same placements, a
  /// tighter relaxation, and no coefficients of 10^8 beside those of 1. Off: as published.
  bool tighten = true;
  /// Machines may hold nothing. Off, as published: each holds a layer at least.
  bool allow_unused = false;
};

/// Helix's mixed-integer program of a placement (ASPLOS'25, section 4): of each machine the first
/// layer s and one binary b_k by number of layers, of each direction of a link the flow f and a
/// binary d that opens it; with partial inference two more binaries of each link between machines.
class PlacementProgram {
 public:
  /// The problem must outlive it. Throws Error(kInfeasible) where a machine that must hold a layer
  /// cannot.
  PlacementProgram(const PlacementProblem& problem, const PlacementProgramForm& form);

  const MixedIntegerProgram& program() const { return program_; }

  /// Values of all columns that stand for a placement with a maximum flow through it. Where every
  /// machine must hold a layer, those that hold none are given the first. Throws Error(kBadInput)
  /// naming a machine whose layers the program does not have.
  std::vector<double> values(const Placement& placement) const;
  /// What the values of all columns stand for, integers rounded.
  Placement placement(const std::vector<double>& values) const;

 private:
  struct Machine {
    int first = 0;             ///< column s
    std::vector<int> holds;    ///< columns b_1, b_2, …
    std::vector<double> most;  ///< tokens per second with so many layers
  };
  /// One direction of a link.
  struct Edge {
    int from = kCoordinator;
    int to = kCoordinator;
    double capacity = 0;  ///< tokens per second
    int flow = 0;         ///< columns
    int open = 0;
    int reached = 0;  ///< with partial inference: that `to` begins no later than `from` ends
    int further = 0;  ///< and ends later
  };

  void add_machines();
  void add_edges();
  void add_machine_rows();
  void add_edge_rows(const Edge& edge);
  void add_link_rows(const Edge& edge);
  /// Terms of the layer where a machine's layers end, times a factor, at the end of `terms`.
  void append_end(int machine, double factor, std::vector<MixedIntegerProgram::Term>& terms) const;
  std::string name_of(const Edge& edge) const;
  double best(int machine) const;

  const PlacementProblem& problem_;
  PlacementProgramForm form_;
  int layers_;
  MixedIntegerProgram program_;
  std::vector<Machine> machines_;
  std::vector<Edge> edges_;
};

}  // namespace sextant
