#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>
#include <vector>

namespace sextant::profiler {

/// One rank: a child in a process group of its own, so that a terminal's Ctrl-C reaches only the
/// parent, which dies with its parent. Its stdin is empty, its stderr is collected, and so is its
/// stdout where it is asked for; else that goes to stderr.
class RankProcess {
 public:
  struct Setup {
    std::filesystem::path program;
    std::string argument;
    std::vector<std::pair<std::string, std::string>> environment;  ///< on top of the parent's
    bool reads_stdout = false;
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

  /// Ends it without delay; what it said before can still be received.
  void kill();

  /// Takes what is there to read.
  void receive();
  /// The next whole line of stdout without its end.
  std::optional<std::string> take_line();

  /// Whether it has ended; never waits.
  bool ended();
  /// Of an ended process: exit code 0.
  bool succeeded() const;
  /// Of an ended process: the signal that killed it, 0 where it left by itself.
  int signal() const;
  /// Of an ended process: "was killed by signal 9 (Killed)", "ended with exit code 3", with the
  /// last that it said on stderr.
  std::string farewell() const;
  /// `; last words: "…"`, what it said last on stderr, or "".
  std::string last_words() const;

 private:
  pid_t process_ = -1;
  std::optional<int> status_;
  int out_ = -1;
  int err_ = -1;
  std::string received_;      ///< of stdout, beginning with the next line
  std::size_t searched_ = 0;  ///< so far no end of line in received_
  std::string tail_;          ///< of stderr
};

}  // namespace sextant::profiler
