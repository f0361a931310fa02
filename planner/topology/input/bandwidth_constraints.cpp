#include "planner/topology/input/bandwidth_constraints.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <string>

#include <fmt/format.h>

#include "analyzer/core/error.h"
#include "planner/topology/input/problem_input.h"

namespace sextant {

namespace {

using Relation = BandwidthConstraint::Relation;

/// sum_d coefficients[d] B_d + constant, in GB/s.
struct LinearForm {
  explicit LinearForm(std::size_t dimensions) : coefficients(dimensions, 0) {}

  std::vector<double> coefficients;
  double constant = 0;
};

class Parser {
 public:
  Parser(std::string_view text, std::size_t dimensions) : text_(text), dimensions_(dimensions) {}

  std::vector<BandwidthConstraint> constraints() {
    std::vector<BandwidthConstraint> all;
    skip_spaces();
    std::size_t begin = at_;
    LinearForm left = sum();
    do {
      const Relation relation = this->relation();
      const std::size_t middle = at_;
      LinearForm right = sum();
      all.push_back(constraint(begin, left, relation, right));
      begin = middle;
      left = std::move(right);
    } while (at_ < text_.size());
    return all;
  }

 private:
  /// [+-] term {(+|-) term}, up to a relation or the end.
  LinearForm sum() {
    LinearForm form(dimensions_);
    double sign = take('-') ? -1 : 1;
    if (sign > 0) take('+');
    while (true) {
      add_term(form, sign);
      if (take('+')) {
        sign = 1;
      } else if (take('-')) {
        sign = -1;
      } else {
        return form;
      }
    }
  }

  /// NUMBER, B<k>, NUMBER * B<k>, NUMBER B<k> or B<k> * NUMBER.
  void add_term(LinearForm& form, double sign) {
    if (const std::optional<double> number = this->number()) {
      if (take('*') || is_dimension()) {
        form.coefficients[dimension()] += sign * *number;
      } else {
        form.constant += sign * *number;
      }
      return;
    }
    if (!is_dimension()) fail("a number or a dimension, as in 2*B0");
    double& coefficient = form.coefficients[dimension()];
    double factor = 1;
    if (take('*')) {
      const std::optional<double> number = this->number();
      if (!number) fail("a number");
      factor = *number;
    }
    coefficient += sign * factor;
  }

  Relation relation() {
    const std::size_t begin = at_;
    const bool less = take('<');
    const bool greater = !less && take('>');
    if (!take('=')) {
      at_ = begin;
      fail("<=, = or >=");
    }
    if (!less && !greater) take('=');  // "==", as programmers write it
    return less ? Relation::kAtMost : greater ? Relation::kAtLeast : Relation::kEqual;
  }

  std::optional<double> number() {
    double value = 0;
    const char* begin = text_.data() + at_;
    const char* end = text_.data() + text_.size();
    if (begin == end || (*begin != '.' && (*begin < '0' || *begin > '9'))) return std::nullopt;
    const auto parsed = std::from_chars(begin, end, value);
    if (parsed.ec != std::errc()) fail("a finite number");
    at_ += static_cast<std::size_t>(parsed.ptr - begin);
    skip_spaces();
    return value;
  }

  bool is_dimension() const {
    return at_ < text_.size() && (text_[at_] == 'B' || text_[at_] == 'b');
  }

  std::size_t dimension() {
    std::size_t index = 0;
    const char* begin = text_.data() + at_ + 1;
    const char* end = text_.data() + text_.size();
    const auto parsed = is_dimension() ? std::from_chars(begin, end, index)
                                       : std::from_chars_result{begin, std::errc::invalid_argument};
    if (parsed.ec != std::errc() || index >= dimensions_) {
      fail(fmt::format("a dimension from B0 to B{}", dimensions_ - 1));
    }
    at_ = static_cast<std::size_t>(parsed.ptr - text_.data());
    skip_spaces();
    return index;
  }

  bool take(char c) {
    if (at_ == text_.size() || text_[at_] != c) return false;
    ++at_;
    skip_spaces();
    return true;
  }

  void skip_spaces() {
    while (at_ < text_.size() && text_[at_] == ' ') ++at_;
  }

  /// left (relation) right as one with the dimensions on the left and the number on the right.
  BandwidthConstraint constraint(std::size_t begin, const LinearForm& left, Relation relation,
                                 const LinearForm& right) const {
    BandwidthConstraint out;
    out.text = text_.substr(begin, at_ - begin);
    out.text.erase(out.text.find_last_not_of(' ') + 1);
    out.relation = relation;
    out.bound_bytes_per_s = kBytesPerGb * (right.constant - left.constant);
    bool finite = std::isfinite(out.bound_bytes_per_s);
    for (std::size_t d = 0; d < dimensions_; ++d) {
      out.coefficients.push_back(left.coefficients[d] - right.coefficients[d]);
      finite = finite && std::isfinite(out.coefficients.back());
    }
    if (!finite) throw_usage(fmt::format("constraint {}: its numbers are too large", quote(text_)));
    if (std::all_of(out.coefficients.begin(), out.coefficients.end(),
                    [](double c) { return c == 0; })) {
      throw_usage(fmt::format("constraint {}: {} says nothing of a bandwidth", quote(text_),
                              quote(out.text)));
    }
    return out;
  }

  [[noreturn]] void fail(const std::string& expected) const {
    std::string_view found = text_.substr(at_);
    found = found.substr(0, std::max<std::size_t>(1, found.find_first_of(" <>=+-*")));
    throw_usage(fmt::format("constraint {}, column {}: expected {}, found {}", quote(text_),
                            at_ + 1, expected, found.empty() ? "the end" : quote(found)));
  }

  std::string_view text_;
  std::size_t dimensions_;
  std::size_t at_ = 0;
};

}  // namespace

std::vector<BandwidthConstraint> bandwidth_constraints_from(std::string_view text,
                                                            std::size_t dimensions) {
  return Parser(text, dimensions).constraints();
}

}  // namespace sextant
