#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace sextant::ranks {

/// One rank: a child in a process group of its own, so that a terminal's Ctrl-C reaches only the
/// parent, which dies with its parent. Its stdin is empty; what becomes of its output is chosen.
class RankProcess {
 public:
  enum class Output {
    kErrors,     ///< stdout and stderr are collected together
    kLines,      ///< stdout line by line, stderr apart
    kInherited,  ///< both go where the parent's go
  };
  struct Setup {
    std::filesystem::path program;
    std::vector<std::string> arguments;
    std::vector<std::pair<std::string, std::string>> environment;  ///< on top of the parent's
    Output output = Output::kErrors;
  };

  /// Throws Error(kBadInput) where the system gives no process.
  explicit RankProcess(const Setup& setup);
  /// Kills and reaps it.
  ~RankProcess();
  RankProcess(const RankProcess&) = delete;
  RankProcess& operator=(const RankProcess&) = delete;

  /// To be polled for input; -1 where closed.
  int stdout_descriptor() const { return out_; }
  int stderr_descriptor() const { return err_; }

  pid_t id() const { return process_; }
  /// Sends a signal, unless it has ended.
  void signal_with(int signal) const;
  /// Ends it without delay; what it said before can still be received.
  void kill();

  /// Takes what is there to read.
  void receive();
  /// The next whole line of stdout without its end.
  std::optional<std::string> take_line();

  /// Keeps a line of stdout as if it had been said on stderr.
  void keep(const std::string& line);

  /// Whether it has ended; never waits.
  bool ended();
  /// Of an ended process: exit code 0.
  bool succeeded() const;
  /// Of an ended process: its exit code, 0 where a signal killed it.
  int exit_code() const;
  /// Of an ended process: the signal that killed it, 0 where it left by itself.
  int signal() const;
  /// Of an ended process: "was killed by signal 9 (Killed)", "ended with exit code 3", with the
  /// last that it said on stderr.
  std::string farewell() const;
  /// `; last words: "…"`, what it said last on stderr, or "".
  std::string last_words() const;

 private:
  void append_tail(const std::string& text);

  pid_t process_ = -1;
  std::optional<int> status_;
  int out_ = -1;
  int err_ = -1;
  std::string received_;      ///< of stdout, beginning with the next line
  std::size_t searched_ = 0;  ///< so far no end of line in received_
  std::string tail_;          ///< of stderr
};

}  // namespace sextant::ranks
