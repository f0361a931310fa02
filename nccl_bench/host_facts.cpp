#include "nccl_bench/host_facts.h"

#include <arpa/inet.h>
#include <cstring>
#include <fstream>
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sstream>
#include <sys/socket.h>
#include <unistd.h>

#include <fmt/format.h>

#include "analyzer/core/error.h"

namespace sextant::bench {

namespace {

/// "192.0.2.1" of an IP address; "" of another kind.
std::string address_text(const sockaddr* address) {
  char text[INET6_ADDRSTRLEN] = "";
  if (address == nullptr) return "";
  if (address->sa_family == AF_INET) {
    ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(address)->sin_addr, text,
                sizeof text);
  } else if (address->sa_family == AF_INET6) {
    ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, text,
                sizeof text);
  }
  return text;
}

/// The first interface that `chosen` likes, with the address that it was shown.
template <typename Chosen>
NetworkInterface find_interface(const Chosen& chosen) {
  NetworkInterface found;
  ifaddrs* list = nullptr;
  if (::getifaddrs(&list) != 0) return found;
  for (const ifaddrs* entry = list; entry != nullptr && found.name.empty();
       entry = entry->ifa_next) {
    const std::string address = address_text(entry->ifa_addr);
    if (!address.empty() && (entry->ifa_flags & IFF_UP) != 0 && chosen(entry->ifa_name, address)) {
      found.name = entry->ifa_name;
      found.address = address;
    }
  }
  ::freeifaddrs(list);
  std::ifstream speed("/sys/class/net/" + found.name + "/speed");
  int megabits = 0;
  if (!found.name.empty() && speed >> megabits && megabits > 0) {
    found.speed = fmt::format("{} Mb/s", megabits);
  }
  return found;
}

/// The own address that packets to `address` carry; "" = none leads there.
std::string source_address(const addrinfo& address) {
  const int socket = ::socket(address.ai_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return "";
  std::string text;
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  // Connecting a datagram socket only asks for the route.
  if (::connect(socket, address.ai_addr, address.ai_addrlen) == 0 &&
      ::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &length) == 0) {
    text = address_text(reinterpret_cast<const sockaddr*>(&own));
  }
  ::close(socket);
  return text;
}

}  // namespace

NetworkInterface interface_towards(const std::string& host) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_DGRAM;
  addrinfo* list = nullptr;
  // Routes are asked for with a port, which may be any.
  if (::getaddrinfo(host.c_str(), "9", &hints, &list) != 0) return {};
  NetworkInterface found;
  for (const addrinfo* entry = list; entry != nullptr && found.name.empty();
       entry = entry->ai_next) {
    const std::string own = source_address(*entry);
    if (own.empty()) continue;
    found = find_interface(
        [&](std::string_view, const std::string& address) { return address == own; });
  }
  ::freeaddrinfo(list);
  return found;
}

NetworkInterface interface_named(const std::string& name) {
  NetworkInterface found =
      find_interface([&](std::string_view own, const std::string&) { return own == name; });
  if (found.name.empty()) {
    throw_bad_input(fmt::format("there is no network interface {} with an address", quote(name)));
  }
  return found;
}

std::string cpu_name() {
  std::ifstream file("/proc/cpuinfo");
  constexpr std::string_view kKey = "model name";
  for (std::string line; std::getline(file, line);) {
    const std::size_t colon = line.find(": ");
    if (line.starts_with(kKey) && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "";
}

double available_memory_bytes() {
  std::ifstream file("/proc/meminfo");
  for (std::string line; std::getline(file, line);) {
    std::istringstream words(line);
    std::string key;
    std::int64_t kibibytes = 0;
    if (words >> key >> kibibytes && key == "MemAvailable:") {
      return static_cast<double>(kibibytes) * 1024;
    }
  }
  return 1e18;
}

}  // namespace sextant::bench
