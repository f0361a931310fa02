// What is no table of AMP is refused with its name and place.
#include "analyzer/training/amp/npy.h"

#include <cstring>
#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "analyzer/core/error.h"
#include "tests/support/temporary_folder.h"

namespace sextant::amp {
namespace {

using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

std::string npy(int major, const std::string& header, const std::string& data) {
  std::string out = "\x93NUMPY";
  out += {static_cast<char>(major), '\0'};
  for (int byte = 0; byte < (major == 1 ? 2 : 4); ++byte) {
    out += static_cast<char>(header.size() >> (8 * byte));
  }
  return out + header + data;
}

/// Little-endian, as machines that we run on have them.
std::string bytes_of(std::initializer_list<double> values) {
  std::string out(values.size() * sizeof(double), '\0');
  std::memcpy(out.data(), std::data(values), out.size());
  return out;
}

constexpr const char* kTwo = "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }   \n";

class NpyTest : public testing::Test {
 protected:
  std::vector<double> read(const std::string& content) {
    return read_npy(folder_.write("table.npy", content));
  }
  std::string error_of(const std::string& content) {
    try {
      read(content);
    } catch (const Error& error) {
      EXPECT_EQ(error.code(), ErrorCode::kBadInput);
      EXPECT_THAT(error.what(), HasSubstr("table.npy"));
      return error.what();
    }
    return "read";
  }
  TemporaryFolder folder_;
};

TEST_F(NpyTest, ReadsBothVersions) {
  EXPECT_THAT(read(npy(1, kTwo, bytes_of({0.25, -3}))), ElementsAre(0.25, -3));
  EXPECT_THAT(read(npy(2, "{'shape':(1,),'fortran_order':True,'descr':'<f8'}", bytes_of({1e-3}))),
              ElementsAre(1e-3));
}

TEST_F(NpyTest, RefusesOtherArrays) {
  const std::string data = bytes_of({1, 2});
  EXPECT_THAT(error_of("seconds"), HasSubstr("at byte 0: expected a NumPy array"));
  EXPECT_THAT(error_of(npy(3, kTwo, data)), HasSubstr("version 1 or 2, found 3"));
  EXPECT_THAT(error_of(npy(1, "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }", data)),
              AllOf(HasSubstr("at byte 20: expected '<f8'"), HasSubstr("<f4")));
  EXPECT_THAT(error_of(npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (1, 2), }", data)),
              HasSubstr("expected )"));
  EXPECT_THAT(error_of(npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (), }", data)),
              HasSubstr("a number of elements"));
  EXPECT_THAT(error_of(npy(1, "{'descr': '<f8', 'shape': (2,), }", data)),
              HasSubstr("'fortran_order'"));
  EXPECT_THAT(error_of(npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (2,)} x", data)),
              HasSubstr("the end of the header"));
  EXPECT_THAT(error_of(npy(1, "{'descr': '<f8', 'descr': '<f8', 'shape': (2,)}", data)),
              HasSubstr("once each"));
  EXPECT_THAT(
      error_of(npy(1, "{'descr': '<f8', 'fortran_order': False, 'shape': (99999999,)}", "")),
      HasSubstr("at most 1000000"));
}

TEST_F(NpyTest, RefusesWhatIsCutShortOrGoesOn) {
  const std::string whole = npy(1, kTwo, bytes_of({1, 2}));
  EXPECT_THAT(error_of(whole + "x"), HasSubstr("expected 2 numbers of 8 bytes, found 17 bytes"));
  for (std::size_t length = 0; length < whole.size(); ++length) {
    EXPECT_THAT(error_of(whole.substr(0, length)), HasSubstr("expected")) << length;
  }
}

}  // namespace
}  // namespace sextant::amp
