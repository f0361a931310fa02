#include "profiler/device/counting_allocator.h"

#include <c10/core/CPUAllocator.h>
#include <c10/util/Exception.h>

#include <gtest/gtest.h>

#include "profiler/device/device.h"

namespace sextant::profiler {
namespace {

TEST(CountingAllocator, CountsWhatIsAskedForUntilItIsGivenBack) {
  CountingAllocator allocator(*c10::GetDefaultCPUAllocator());
  {
    const c10::DataPtr one = allocator.allocate(1000);
    {
      const c10::DataPtr two = allocator.allocate(24);
      EXPECT_EQ(allocator.allocated(), 1024);
    }
    EXPECT_EQ(allocator.allocated(), 1000);
    EXPECT_EQ(allocator.peak(), 1024);
    allocator.reset_peak();
    EXPECT_EQ(allocator.peak(), 1000);
  }
  EXPECT_EQ(allocator.allocated(), 0);
}

TEST(CountingAllocator, RefusesWhatExceedsTheLimitAsADeviceWould) {
  CountingAllocator allocator(*c10::GetDefaultCPUAllocator());
  allocator.set_limit(1000);
  const c10::DataPtr one = allocator.allocate(900);
  try {
    const c10::DataPtr two = allocator.allocate(101);
    FAIL() << "101 bytes over 900 of 1000";
  } catch (const c10::Error& failure) {
    EXPECT_TRUE(is_out_of_memory(failure));
    EXPECT_NE(std::string(failure.what()).find("101 bytes asked for"), std::string::npos);
  }
  EXPECT_EQ(allocator.allocated(), 900);
  EXPECT_NO_THROW(allocator.allocate(100));
}

}  // namespace
}  // namespace sextant::profiler
