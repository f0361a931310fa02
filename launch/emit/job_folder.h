#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sextant {

/// What starts a job: files by their path below the folder, and what the user must know: what has
/// no place in the format, what was assumed.
struct JobFolder {
  std::map<std::string, std::string> files;
  std::vector<std::string> notes;
};

/// Makes the directory with the files in it (*.sh and *.sbatch executable) in one step. One that is
/// there and not empty is refused (Error(kBadInput)) or, with `replace`, exchanged for the new one
/// if it has the file `mark`, which every folder of that kind has. Returns the paths written.
std::vector<std::filesystem::path> write_job_folder(const JobFolder& folder,
                                                    const std::filesystem::path& directory,
                                                    std::string_view mark, bool replace);

}  // namespace sextant
