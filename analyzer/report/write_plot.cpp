#include "analyzer/report/write_plot.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>
#include <spawn.h>
#include <sys/wait.h>

#include "analyzer/core/error.h"
#include "analyzer/core/files.h"

extern char** environ;

namespace sextant {

namespace {

struct CloseFile {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using TemporaryFile = std::unique_ptr<std::FILE, CloseFile>;

TemporaryFile make_temporary_file() {
  TemporaryFile file(std::tmpfile());
  if (file == nullptr) {
    throw_bad_input(std::string("a temporary file cannot be made: ") + std::strerror(errno));
  }
  return file;
}

/// Runs rsvg-convert from one unnamed file into another, so that no name, and no shell, is
/// involved.
std::string png_of(const std::string& svg) {
  const TemporaryFile in = make_temporary_file();
  const TemporaryFile out = make_temporary_file();
  if (std::fwrite(svg.data(), 1, svg.size(), in.get()) != svg.size() ||
      std::fflush(in.get()) != 0) {
    throw_bad_input(std::string("a temporary file cannot be written: ") + std::strerror(errno));
  }
  std::rewind(in.get());
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(in.get()), 0);
  ::posix_spawn_file_actions_adddup2(&actions, ::fileno(out.get()), 1);
  const char* arguments[] = {"rsvg-convert", "--format=png", "--zoom=2", nullptr};
  pid_t child = 0;
  const int failure = ::posix_spawnp(&child, arguments[0], &actions, nullptr,
                                     const_cast<char* const*>(arguments), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  if (failure == ENOENT) {
    throw_bad_input(
        "PNG needs the program rsvg-convert (Debian package librsvg2-bin), which is not in PATH; "
        "a name that ends in .svg needs nothing");
  }
  if (failure != 0) {
    throw_bad_input(std::string("rsvg-convert cannot be started: ") + std::strerror(failure));
  }
  int status = 0;
  while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
    throw_bad_input("rsvg-convert failed to make the PNG");
  }
  std::rewind(out.get());
  std::string png;
  char buffer[1 << 14];
  while (const std::size_t got = std::fread(buffer, 1, sizeof buffer, out.get())) {
    png.append(buffer, got);
  }
  return png;
}

}  // namespace

void check_plot_name(const std::filesystem::path& path) {
  if (path.extension() != ".svg" && path.extension() != ".png") {
    throw_usage(quote(path.string()) + ": a plot's name must end in .svg or .png");
  }
}

void write_plot(const std::filesystem::path& path, const std::string& svg) {
  check_plot_name(path);
  write_file_atomically(path, path.extension() == ".svg" ? svg : png_of(svg));
}

}  // namespace sextant
