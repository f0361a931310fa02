#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// What a failure means to the caller; the value is the exit code of every program of ours.
enum class ErrorCode {
  kInternal = 1,    ///< a defect of ours
  kUsage = 2,       ///< the command line is wrong
  kBadInput = 3,    ///< a file is malformed, missing or contradictory
  kInfeasible = 4,  ///< legal input, but nothing satisfies the constraints
  kPartial = 5,     ///< some points failed, the rest is done
};

/// The one exception type that leaves our libraries. It carries a code and a chain of contexts, the
/// innermost first: what was expected and found, then in which place, then during which work.
class Error : public std::exception {
 public:
  Error(ErrorCode code, std::string message);

  /// Adds the surrounding context ("while reading cluster.json") and returns the same error, so
  /// that a catch block can say `throw std::move(error.in("…"))`.
  Error& in(std::string context);

  ErrorCode code() const { return code_; }
  int exit_code() const { return static_cast<int>(code_); }
  /// The innermost message alone.
  const std::string& message() const { return message_; }
  /// "outermost context: …: innermost context: message".
  const char* what() const noexcept override { return text_.c_str(); }

 private:
  ErrorCode code_;
  std::string message_;
  std::string text_;
};

/// "bad_input", "infeasible", …: the name used in documents.
std::string_view to_string(ErrorCode code);

[[noreturn]] void throw_usage(std::string message);
[[noreturn]] void throw_bad_input(std::string message);
[[noreturn]] void throw_infeasible(std::string message);

/// Quotes text of a foreign origin for a message: control bytes and non-UTF-8 are escaped, long
/// text is shortened, so that a hostile name can neither forge a line nor flood a terminal.
std::string quote(std::string_view text, std::size_t max_length = 80);

/// "did you mean …?" for a misspelt name: the candidate at the least edit distance, or "" when none
/// is near.
std::string nearest_name(std::string_view name, const std::vector<std::string>& candidates);

}  // namespace sextant
