#include "analyzer/serving/flow/balanced_flow.h"

#include <Eigen/Sparse>
#include <Eigen/SparseCholesky>
#include <algorithm>
#include <cmath>
#include <limits>

#include "analyzer/serving/flow/max_flow.h"

namespace sextant {

namespace {

using Array = Eigen::ArrayXd;
using Vector = Eigen::VectorXd;

constexpr int kMaxIterations = 60;
constexpr double kTolerance = 1e-10;
/// Share of the way to the nearest bound that a step goes.
constexpr double kStepShare = 0.995;
/// Keeps the normal equations regular: the balances of a component's vertices add up to zero.
constexpr double kRegularisation = 1e-12;

/// min sum q x^2 / 2 + c x over circulations x of a graph with 0 <= x <= u.
class CirculationProgram {
 public:
  CirculationProgram(const Eigen::SparseMatrix<double>& incidence, Array q, Array c, Array u)
      : a_(incidence),
        at_(incidence.transpose()),
        q_(std::move(q)),
        c_(std::move(c)),
        u_(std::move(u)) {}

  Array solve() {
    const Eigen::Index n = q_.size();
    x_ = u_ / 2;
    s_ = u_ - x_;
    z_ = Array::Ones(n);
    w_ = Array::Ones(n);
    y_ = Vector::Zero(a_.rows());
    for (int iteration = 0; iteration < kMaxIterations && !step(); ++iteration) {
    }
    return x_;
  }

 private:
  /// Of the residuals with these complementarity targets, the Newton direction.
  void direction(const Array& xz, const Array& sw) {
    // z = (xz - z dx) / x and w = (sw + w dx) / s with dx = -ds.
    const Array rhs = dual_ + xz / x_ - sw / s_;
    const Vector b = balance_ + a_ * (rhs * inverse_).matrix();
    dy_ = factor_.solve(b);
    dx_ = (rhs - (at_ * dy_).array()) * inverse_;
    dz_ = (xz - z_ * dx_) / x_;
    dw_ = (sw + w_ * dx_) / s_;
  }

  static double longest(const Array& value, const Array& change) {
    double length = 1;
    for (Eigen::Index i = 0; i < value.size(); ++i) {
      if (change[i] < 0) length = std::min(length, -value[i] / change[i]);
    }
    return length;
  }

  /// Whether the solution is reached.
  bool step() {
    const auto n = static_cast<double>(x_.size());
    // Stationarity: q x + c + A'y - z + w = 0.
    dual_ = -(q_ * x_ + c_ + (at_ * y_).array() - z_ + w_);
    balance_ = a_ * x_.matrix();
    const double gap = ((x_ * z_).sum() + (s_ * w_).sum()) / (2 * n);
    const double scale = 1 + c_.abs().maxCoeff();
    if (gap < kTolerance * scale && dual_.abs().maxCoeff() < kTolerance * scale &&
        balance_.lpNorm<Eigen::Infinity>() < kTolerance) {
      return true;
    }
    inverse_ = 1 / (q_ + z_ / x_ + w_ / s_);
    Eigen::SparseMatrix<double> normal = a_ * inverse_.matrix().asDiagonal() * at_;
    for (Eigen::Index i = 0; i < normal.rows(); ++i) normal.coeffRef(i, i) += kRegularisation;
    if (!analysed_) factor_.analyzePattern(normal);
    analysed_ = true;
    factor_.factorize(normal);
    if (factor_.info() != Eigen::Success) return true;

    direction(-x_ * z_, -s_ * w_);
    const double primal = std::min(longest(x_, dx_), longest(s_, -dx_));
    const double dual = std::min(longest(z_, dz_), longest(w_, dw_));
    const double aimed = (((x_ + primal * dx_) * (z_ + dual * dz_)).sum() +
                          ((s_ - primal * dx_) * (w_ + dual * dw_)).sum()) /
                         (2 * n);
    const double centre = gap * std::pow(aimed / gap, 3);
    const Array xz = centre - x_ * z_ - dx_ * dz_;
    const Array sw = centre - s_ * w_ + dx_ * dw_;
    direction(xz, sw);
    const double length = kStepShare * std::min({longest(x_, dx_), longest(s_, -dx_),
                                                 longest(z_, dz_), longest(w_, dw_)});
    x_ += length * dx_;
    s_ = u_ - x_;
    z_ += length * dz_;
    w_ += length * dw_;
    y_ += length * dy_;
    return false;
  }

  const Eigen::SparseMatrix<double>& a_;
  Eigen::SparseMatrix<double> at_;
  Array q_, c_, u_;
  Array x_, s_, z_, w_;
  Vector y_;
  Array dual_, inverse_, dx_, dz_, dw_;
  Vector balance_, dy_;
  Eigen::SimplicialLDLT<Eigen::SparseMatrix<double>> factor_;
  bool analysed_ = false;
};

/// A maximum flow no more than rounding away from one that nearly is.
std::vector<double> completed(int vertices, int source, int sink,
                              const std::vector<BalancedEdge>& edges, const Array& nearly) {
  MaxFlow graph(vertices, source, sink);
  for (std::size_t e = 0; e < edges.size(); ++e) {
    graph.add_edge(edges[e].from, edges[e].to,
                   std::clamp(nearly[static_cast<Eigen::Index>(e)], 0.0, edges[e].capacity));
  }
  graph.solve();
  for (std::size_t e = 0; e < edges.size(); ++e) {
    graph.set_capacity(static_cast<int>(e), edges[e].capacity);
  }
  graph.solve();
  std::vector<double> flow(edges.size());
  for (std::size_t e = 0; e < edges.size(); ++e) flow[e] = graph.flow(static_cast<int>(e));
  return flow;
}

}  // namespace

std::vector<double> balanced_max_flow(int vertices, int source, int sink,
                                      const std::vector<BalancedEdge>& edges) {
  MaxFlow graph(vertices, source, sink);
  for (const BalancedEdge& edge : edges) graph.add_edge(edge.from, edge.to, edge.capacity);
  const double value = graph.solve();
  if (value <= 0) return std::vector<double>(edges.size(), 0.0);

  // In units of the maximum flow. No edge needs more than all of it; a limit above leaves interior.
  constexpr double kRoom = 2;
  const auto count = static_cast<Eigen::Index>(edges.size());
  Array q(count + 1);
  Array c = Array::Zero(count + 1);
  Array u(count + 1);
  std::vector<Eigen::Triplet<double>> incidence;
  double dearest = 0;
  for (Eigen::Index e = 0; e < count; ++e) {
    const BalancedEdge& edge = edges[static_cast<std::size_t>(e)];
    q[e] = std::isinf(edge.weight) ? 0 : value / edge.weight;
    u[e] = std::min(edge.capacity / value, kRoom);
    dearest = std::max(dearest, q[e]);
    incidence.emplace_back(edge.from, e, 1);
    incidence.emplace_back(edge.to, e, -1);
  }
  // The edge back is worth more than any path costs, so that the flow is a maximum.
  incidence.emplace_back(sink, count, 1);
  incidence.emplace_back(source, count, -1);
  q[count] = 0;
  u[count] = kRoom;
  c[count] = -2 * dearest * vertices;
  Eigen::SparseMatrix<double> matrix(vertices, count + 1);
  matrix.setFromTriplets(incidence.begin(), incidence.end());
  u = u.max(std::numeric_limits<double>::min());
  const Array x = CirculationProgram(matrix, std::move(q), std::move(c), std::move(u)).solve();
  return completed(vertices, source, sink, edges, x.head(count) * value);
}

}  // namespace sextant
