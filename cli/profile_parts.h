#pragma once

#include <memory>
#include <string>
#include <vector>

#include "analyzer/profile/profile_db.h"
#include "cli/commands.h"

namespace sextant::cli {

/// Which databases a subcommand of `sextant profile` is about.
struct ProfileSelection {
  std::string source;  ///< file or directory; "" is the shipped profiles, or the artifact's
  std::string model;
  std::string gpu;
};

void add_profile_selection(CLI::App& command, const std::shared_ptr<ProfileSelection>& selection);

/// The databases; what a reader of foreign tables accepted although it is odd goes to `notes`.
/// Throws Error(kBadInput) where there is none.
std::vector<ProfileDatabase> select_profiles(ProfileSelection selection, const Session& session,
                                             std::vector<std::string>& notes);

/// The variant that was named, or else the only one. Throws Error(kUsage) where there are several.
std::string chosen_variant(const ProfileDatabase& database, const std::string& named);

/// Subcommands of `sextant profile` that have a file of their own.
void add_profile_compare(CLI::App& profile, Session& session);
void add_profile_estimate(CLI::App& profile, Session& session);
void add_profile_export(CLI::App& profile, Session& session);

}  // namespace sextant::cli
