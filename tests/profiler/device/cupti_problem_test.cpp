#include "profiler/device/cupti_problem.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sextant::profiler {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

TEST(CuptiProblem, OfAnotherToolSaysWhichAndWhatToStop) {
  EXPECT_THAT(
      cupti_problem({"cuptiSubscribe", 39, "CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED",
                     "multiple subscribers are not supported", "Nsight Systems"}),
      AllOf(HasSubstr("cuptiSubscribe failed: CUPTI_ERROR_MULTIPLE_SUBSCRIBERS_NOT_SUPPORTED "
                      "(multiple subscribers are not supported), held by \"Nsight Systems\""),
            HasSubstr("nsys"), HasSubstr("ncu"), HasSubstr("dcgmi profile --pause")));
}

TEST(CuptiProblem, OfPrivilegesNamesTheModuleOption) {
  EXPECT_THAT(
      cupti_problem({"cuptiActivityEnable", 35, "CUPTI_ERROR_INSUFFICIENT_PRIVILEGES", "", ""}),
      AllOf(HasSubstr("cuptiActivityEnable failed: CUPTI_ERROR_INSUFFICIENT_PRIVILEGES; "),
            HasSubstr("NVreg_RestrictProfilingToAdminUsers=0"), HasSubstr("CAP_SYS_ADMIN"),
            Not(HasSubstr("held by")), Not(HasSubstr("nsys"))));
}

TEST(CuptiProblem, ASentenceThatIsTheNameIsNotSaidTwice) {
  EXPECT_THAT(
      cupti_problem({"cuptiSubscribe", 999, "CUPTI_ERROR_UNKNOWN", "CUPTI_ERROR_UNKNOWN", ""}),
      AllOf(HasSubstr("cuptiSubscribe failed: CUPTI_ERROR_UNKNOWN; "), HasSubstr("driver")));
}

TEST(CuptiProblem, OfAnUnknownErrorGivesItsNumberAndNoAdvice) {
  EXPECT_EQ(cupti_problem({"cuptiActivityEnable", 998, "", "", ""}),
            "kernels cannot be traced: cuptiActivityEnable failed: CUPTI error 998");
}

}  // namespace
}  // namespace sextant::profiler
