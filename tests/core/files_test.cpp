#include "analyzer/core/files.h"

#include <csignal>
#include <fcntl.h>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/temporary_folder.h"

namespace sextant {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

template <typename Action>
std::string complaint(Action action) {
  try {
    action();
  } catch (const Error& error) {
    EXPECT_EQ(error.code(), ErrorCode::kBadInput);
    return error.what();
  }
  ADD_FAILURE() << "expected an error";
  return "";
}

/// Runs `action` in a child process; its exit code, or -signal.
template <typename Action>
int in_child(Action action) {
  const pid_t child = ::fork();
  if (child == 0) {
    int code = 0;
    try {
      code = action();
    } catch (...) {
      code = 99;
    }
    ::_exit(code);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

std::size_t files_in(const fs::path& folder) {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

TEST(ReadFile, NamesWhatCannotBeRead) {
  const TemporaryFolder folder;
  EXPECT_THAT(complaint([&] { read_file(folder.path() / "absent"); }),
              HasSubstr("absent: cannot be read: No such file"));
  EXPECT_THAT(complaint([&] { read_file(folder.path()); }), HasSubstr("is a directory"));
  const fs::path file = folder.write("large", std::string(101, 'x'));
  EXPECT_THAT(complaint([&] { read_file(file, 100); }), HasSubstr("more than 100 bytes"));
  EXPECT_EQ(read_file(file, 101).size(), 101U);
  EXPECT_THAT(complaint([&] { read_file(file / "below"); }), HasSubstr("Not a directory"));
  // Endless files end at the limit.
  EXPECT_THAT(complaint([&] { read_file("/dev/zero", 1 << 20); }), HasSubstr("more than"));
  fs::create_symlink("loop", folder.path() / "loop");
  EXPECT_THAT(complaint([&] { read_file(folder.path() / "loop"); }), HasSubstr("loop"));
}

TEST(WriteFileAtomically, MakesFoldersAndLeavesNothingElse) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "a" / "b" / "x.json";
  const mode_t mask = ::umask(027);
  write_file_atomically(file, "one");
  ::umask(mask);
  EXPECT_EQ(read_file(file), "one");
  struct stat info {};
  ASSERT_EQ(::stat(file.c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777U, 0640U);
  write_file_atomically(file, std::string_view("two\0bytes", 9));
  EXPECT_EQ(read_file(file).size(), 9U);
  EXPECT_EQ(files_in(file.parent_path()), 1U);
}

TEST(WriteFileAtomically, ReplacesALinkRatherThanWhatItPointsTo) {
  const TemporaryFolder folder;
  const fs::path target = folder.write("target", "precious");
  const fs::path link = folder.path() / "link";
  fs::create_symlink(target, link);
  write_file_atomically(link, "new");
  EXPECT_EQ(read_file(target), "precious");
  EXPECT_EQ(read_file(link), "new");
  EXPECT_FALSE(fs::is_symlink(link));
}

TEST(WriteFileAtomically, SaysWhyItCannot) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  EXPECT_THAT(complaint([&] { write_file_atomically(file / "x", "new"); }), HasSubstr("cannot be"));
  EXPECT_THAT(complaint([&] { write_file_atomically(folder.path(), "new"); }),
              HasSubstr("cannot be written"));
  // A directory where nobody, root neither, can make files.
  EXPECT_THAT(complaint([&] { write_file_atomically("/proc/sextant", "new"); }),
              HasSubstr("/proc/sextant: cannot be written"));
  EXPECT_THAT(complaint([&] { write_file_atomically(std::string(5000, 'n'), "new"); }),
              HasSubstr("cannot be written: File name too long"));
  EXPECT_EQ(files_in(folder.path()), 1U);
}

// A full disk, played by a limit on file sizes: the old file stays and nothing is left behind.
TEST(WriteFileAtomically, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  const fs::path file = folder.write("file", "old");
  const int code = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{1000, 1000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      write_file_atomically(file, std::string(100'000, 'x'));
    } catch (const Error& error) {
      return error.exit_code();
    }
    return 0;
  });
  EXPECT_EQ(code, 3);
  EXPECT_EQ(read_file(file), "old");
  EXPECT_EQ(files_in(folder.path()), 1U);
}

// Killed at any moment, a writer leaves one of the contents whole.
TEST(WriteFileAtomically, NeverShowsAPart) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "file";
  constexpr std::size_t kSize = 2'000'000;
  write_file_atomically(file, std::string(kSize, 'a'));
  for (int round = 0; round < 8; ++round) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (char c = 'b';; c = c == 'z' ? 'a' : static_cast<char>(c + 1)) {
        write_file_atomically(file, std::string(kSize, c));
      }
    }
    for (int i = 0; i < 5; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1 + round));
      const std::string content = read_file(file);
      ASSERT_EQ(content.size(), kSize);
      ASSERT_EQ(content.find_first_not_of(content[0]), std::string::npos);
    }
    ::kill(child, SIGKILL);
    ::waitpid(child, nullptr, 0);
    const std::string content = read_file(file);
    ASSERT_EQ(content.size(), kSize);
    ASSERT_EQ(content.find_first_not_of(content[0]), std::string::npos);
  }
}

// Eight processes each add one to a number 25 times, reading and writing under the lock.
TEST(FileLock, LetsOneWriterInAtATime) {
  const TemporaryFolder folder;
  const fs::path number = folder.write("number", "0");
  std::vector<pid_t> children;
  for (int i = 0; i < 8; ++i) {
    const pid_t child = ::fork();
    if (child == 0) {
      for (int step = 0; step < 25; ++step) {
        const FileLock lock(folder.path() / "locks" / "number.lock");
        folder.write("number", std::to_string(std::stoi(read_file(number)) + 1));
      }
      ::_exit(0);
    }
    children.push_back(child);
  }
  for (const pid_t child : children) {
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(status, 0);
  }
  EXPECT_EQ(read_file(number), "200");
}

TEST(WriteFileAtomically, LeavesDevicesAndPipesInTheirPlace) {
  const TemporaryFolder folder;
  const fs::path pipe = folder.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const fs::path link = folder.path() / "link";
  fs::create_symlink("/dev/null", link);
  const fs::path descriptor = folder.path() / "stdout";
  fs::create_symlink("/proc/self/fd/1", descriptor);
  for (const fs::path& path : {pipe, link, descriptor}) {
    EXPECT_THAT(complaint([&] { write_file_atomically(path, "x"); }),
                HasSubstr("is a device or pipe"));
  }
  EXPECT_TRUE(fs::is_fifo(pipe));
  EXPECT_TRUE(fs::is_symlink(link));
  EXPECT_TRUE(fs::is_symlink(descriptor));
}

TEST(FileLock, EndsWithItsHolderHoweverThatEnds) {
  const TemporaryFolder folder;
  const fs::path file = folder.path() / "lock";
  EXPECT_EQ(in_child([&]() -> int {
              const FileLock lock(file);
              ::raise(SIGKILL);
              return 0;
            }),
            -SIGKILL);
  const FileLock lock(file);  // would hang if the dead still held it
  EXPECT_THAT(read_file(file), testing::StartsWith(std::to_string(::getpid()) + " "));
}

TEST(FileLock, FollowsNoLinkAndSaysWhyItCannot) {
  const TemporaryFolder folder;
  const fs::path target = folder.write("target", "precious");
  fs::create_symlink(target, folder.path() / "link");
  EXPECT_THAT(complaint([&] { FileLock lock(folder.path() / "link"); }),
              HasSubstr("cannot be locked"));
  EXPECT_EQ(read_file(target), "precious");
  EXPECT_THAT(complaint([&] { FileLock lock(target / "lock"); }), HasSubstr("cannot be locked"));
}

TEST(SafeFileName, StaysInItsFolder) {
  EXPECT_EQ(safe_file_name("OPT-350M_bf16+x=1.json"), "OPT-350M_bf16+x=1.json");
  std::set<std::string> seen;
  const std::vector<std::string> hostile = {"../../etc/x",
                                            "/etc/passwd",
                                            "..",
                                            ".",
                                            "",
                                            ".hidden",
                                            "a/b",
                                            "a_b",
                                            "a\\b",
                                            "a\nb",
                                            std::string("a\0b", 3),
                                            "a b",
                                            "$(reboot)",
                                            "`x`",
                                            "%n%n",
                                            "größe",
                                            "\xFF\xFE",
                                            std::string(4096, 'n'),
                                            std::string(4097, 'n')};
  for (const std::string& name : hostile) {
    const std::string safe = safe_file_name(name);
    EXPECT_FALSE(safe.empty());
    EXPECT_LE(safe.size(), 120U);
    EXPECT_NE(safe[0], '.');
    EXPECT_EQ(safe.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                     "0123456789._+=-"),
              std::string::npos)
        << safe;
    EXPECT_TRUE(seen.insert(safe).second) << "two names become " << safe;
  }
}

}  // namespace
}  // namespace sextant
