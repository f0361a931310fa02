#pragma once

#include <csignal>
#include <fcntl.h>
#include <fstream>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "analyzer/core/files.h"
#include "analyzer/profile/profile_point.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {

/// Runs profile_model on the CPU device with the fake rank, in a folder of its own.
class SweepFixture : public ::testing::Test {
 protected:
  std::filesystem::path out() const { return folder_.path() / "points"; }

  /// The document of a point of the tiny model in fp32.
  std::filesystem::path file(int tp, int microbatch) const {
    return out() / ("fp32/seq32/profile_tiny_CPU_" + std::to_string(tp) + "_" +
                    std::to_string(microbatch) + ".json");
  }
  bool is_there(int tp, int microbatch) const {
    return std::filesystem::exists(file(tp, microbatch));
  }
  PointDocument point(int tp, int microbatch) const {
    return read_point_document(JsonDocument::read(file(tp, microbatch)));
  }

  std::vector<std::string> command(const std::vector<std::string>& more) const {
    std::vector<std::string> words = {built_program("profile_model"),
                                      "--model",
                                      sextant::source_path("tests/profiler/sweep/tiny_model.json"),
                                      "--device",
                                      "cpu",
                                      "--out",
                                      out().string(),
                                      "--rank-program",
                                      built_program("fake_rank")};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }

  /// Runs it while ranks misbehave as `faults` say (see fake_rank.cpp).
  ProgramResult sweep(const std::vector<std::string>& more, const std::string& faults = "") const {
    return run_program(command(more), {.environment = environment(faults)});
  }

  /// The same in the background, with its output in files; returns its process id.
  pid_t start(const std::vector<std::string>& more, const std::string& faults) const {
    std::vector<std::string> words = command(more);
    std::vector<char*> argv;
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    const pid_t child = ::fork();
    if (child != 0) return child;
    for (const auto& [name, value] : environment(faults)) ::setenv(name.c_str(), value.c_str(), 1);
    ::dup2(::creat((folder_.path() / "out").c_str(), 0600), STDOUT_FILENO);
    ::dup2(::creat((folder_.path() / "err").c_str(), 0600), STDERR_FILENO);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }

  std::string text_of(const char* name) const { return read_file(folder_.path() / name); }

  /// Waits till a fake rank begins the point, "TP MBS"; false after ten seconds.
  bool wait_for(const std::string& point) const {
    for (int i = 0; i < 1000; ++i) {
      for (const std::string& line : log_lines()) {
        if (line == "begin " + point) return true;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
  }

  /// What the fake ranks did: "start SIZE", and "TP MBS MIN_SAMPLES" of each point that ended.
  std::vector<std::string> log() const {
    std::vector<std::string> lines = log_lines();
    std::erase_if(lines, [](const std::string& line) { return line.starts_with("begin "); });
    return lines;
  }
  void clear_log() const { std::filesystem::remove(log_file()); }

  /// Points that were measured: "TP MBS", without trials.
  std::vector<std::string> measured() const {
    std::vector<std::string> out;
    for (const std::string& line : log()) {
      if (line.ends_with(" 10")) out.push_back(line.substr(0, line.size() - 3));
    }
    return out;
  }

  /// Files that are no finished documents.
  std::vector<std::string> leftovers() const {
    std::vector<std::string> out_files;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(out())) {
      if (entry.is_regular_file() && !entry.path().filename().string().starts_with("profile_")) {
        out_files.push_back(entry.path());
      }
    }
    return out_files;
  }

  /// Processes of this test's profile_model, itself included, that run: those with its log file in
  /// their environment.
  int processes() const {
    int count = 0;
    for (const auto& entry : std::filesystem::directory_iterator("/proc")) {
      std::ifstream in(entry.path() / "environ");
      std::stringstream text;
      text << in.rdbuf();
      if (text.str().find(log_file()) != std::string::npos) ++count;
    }
    return count;
  }

  TemporaryFolder folder_;

 private:
  std::vector<std::string> log_lines() const {
    std::vector<std::string> lines;
    std::ifstream in(log_file());
    for (std::string line; std::getline(in, line);) lines.push_back(line);
    return lines;
  }
  std::string log_file() const { return folder_.path() / "log"; }
  std::vector<std::pair<std::string, std::string>> environment(const std::string& faults) const {
    return {{"FAKE_RANK", faults}, {"FAKE_RANK_LOG", log_file()}};
  }
};

}  // namespace sextant::testing
