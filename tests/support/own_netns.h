// A network namespace of the test process's own.
//
// bpf_prog_test_run uses the devices, routes and neighbours of the caller's namespace, so a
// test makes one and fills it with iproute2. It dies with the process; the machine's own
// namespace is never touched.
#pragma once

#include <cstdint>
#include <string>

namespace fairlead::test {

// Moves the calling thread into a new network namespace, once a process. False and a message
// in `why` without the privilege.
bool enter_own_netns(std::string* why);

// Runs commands of iproute2, one a line, without the leading "ip". False and its output in
// `why` at the first that fails.
bool ip(const std::string& commands, std::string* why);

// Writes a file under /proc/sys/net; of the own namespace only.
bool set_sysctl(const std::string& path, const std::string& value, std::string* why);

std::uint32_t ifindex_of(const char* device);  // 0: no such device

}  // namespace fairlead::test
