#pragma once

#include <cstdint>
#include <string>

namespace sextant::bench {

/// A network interface of this machine.
struct NetworkInterface {
  std::string name;     ///< "eth0"; "" = unknown
  std::string address;  ///< the first of it, "192.0.2.1"
  std::string speed;    ///< as the system says of Ethernet, "25000 Mb/s"; "" = unknown
};
/// The one that packets to `host` leave by; for this machine itself the one with that address.
/// Nothing is sent. An unknown host has an interface without a name.
NetworkInterface interface_towards(const std::string& host);
/// The one of that name. Throws Error(kBadInput) where there is none with an address.
NetworkInterface interface_named(const std::string& name);

/// The processor's name; "" = unknown.
std::string cpu_name();
/// Bytes of memory that can be had without swapping; a large number where the system does not say.
double available_memory_bytes();

}  // namespace sextant::bench
