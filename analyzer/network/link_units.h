#pragma once

#include "analyzer/core/json_document.h"

namespace sextant {

/// The bandwidth in bytes/s that a document states. Throws Error(kBadInput) where it is not
/// positive, or where its size betrays another unit: less than 1 kB/s reads like GB/s or Gb/s, more
/// than 10 TB/s like bits/s or a slip.
double bandwidth_bytes_per_s(const JsonNode& node);

/// A latency in seconds. Throws Error(kBadInput) where it is negative or so long (over 10 s) that
/// it reads like microseconds.
double latency_s(const JsonNode& node);

}  // namespace sextant
