#pragma once

#include <filesystem>
#include <memory>

#include "analyzer/network/link_model.h"

namespace sextant {

/// The published network of the Sailor artifact, sailor/providers/multizone_bandwidths_het.json:
/// `{send_zone: {send_gpu: {send_count: {recv_zone: {recv_gpu: {recv_count: [[a, b, c], max]}}}}}}`
/// with bandwidth in GB/s = a x² + b x + c, x = log2(bytes / 1e6), and max in bytes/s; the
/// aggregate of `count` GPUs that send together from one machine. Measured with messages of 64 KiB
/// to 1 GiB. Throws Error(kBadInput) where the file is missing or malformed.
std::shared_ptr<const Network> read_sailor_network(const std::filesystem::path& artifact_dir);

}  // namespace sextant
