#include "tests/launch/emit/training/golden_folder.h"

#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>

#include "analyzer/core/files.h"
#include "tests/cli/run_program.h"
#include "tests/support/project_paths.h"
#include "tests/support/temporary_folder.h"

namespace sextant::testing {

void expect_golden(const JobFolder& folder, const std::vector<std::string>& paths,
                   const std::string& name) {
  std::string text;
  for (const std::string& path : paths) {
    ASSERT_TRUE(folder.files.contains(path)) << path;
    text += "==== " + path + "\n" + folder.files.at(path);
  }
  const std::string file = source_path("tests/data/launch/" + name + ".txt");
  if (std::getenv("SEXTANT_WRITE_GOLDEN") != nullptr) {
    write_file_atomically(file, text);
    return;
  }
  EXPECT_EQ(text, read_file(file)) << name;
}

void expect_sound_scripts(const JobFolder& folder) {
  const TemporaryFolder at;
  write_job_folder(folder, at.path() / "job", "README.md", false);
  int scripts = 0;
  for (const auto& [path, text] : folder.files) {
    if (!path.ends_with(".sh") && !path.ends_with(".sbatch")) continue;
    ++scripts;
    const std::string file = at.path() / "job" / path;
    const ProgramResult syntax = run_program({"bash", "-n", file});
    EXPECT_EQ(syntax.exit_code, 0) << path << ": " << syntax.err;
    const ProgramResult lint = run_program({"shellcheck", file});
    EXPECT_EQ(lint.exit_code, 0) << path << ": " << lint.out << lint.err;
    // What scripts read has their settings.
    if (path != "environment.sh") {
      EXPECT_NE(text.find("\nset -euo pipefail\n"), std::string::npos) << path;
    }
  }
  EXPECT_GE(scripts, 4);
}

}  // namespace sextant::testing
