#include "cnm/reader.h"

#include <gtest/gtest.h>

namespace fairlead::cnm {
namespace {

Reader parsed(std::string_view text) {
  auto reader = Reader::parse(text);
  EXPECT_TRUE(reader) << reader.error().message();
  return *reader;
}

TEST(Reader, RefusesWhatIsNoJsonObject) {
  for (const char* text : {"", " ", "{", "nil", "[]", "7", "\"x\"", "null", "{\"a\":}",
                           "{\"a\":1}x", "{\"a\":\"\xff\"}", "{'a':1}"})
    EXPECT_FALSE(Reader::parse(text)) << text;
}

TEST(Reader, RefusesNestingDeeperThanItsLimitAndTakesWhatIsAtIt) {
  const auto nested = [](unsigned depth) {
    return "{\"a\":" + std::string(depth - 1, '[') + std::string(depth - 1, ']') + "}";
  };

  EXPECT_TRUE(Reader::parse(nested(Reader::kMaxDepth)));
  EXPECT_FALSE(Reader::parse(nested(Reader::kMaxDepth + 1)));
  EXPECT_FALSE(Reader::parse(std::string(4 << 20, '[')));
}

TEST(Reader, BracketsInsideStringsAreNoNesting) {
  EXPECT_TRUE(
      Reader::parse("{\"a\":\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"}"));
}

TEST(Reader, TakesAbsentAndNullForTheDefault) {
  Reader reader = parsed(R"({"s":null,"b":null,"n":null,"o":null,"a":null})");

  for (const char* field : {"s", "missing"}) EXPECT_EQ(reader.string(field), "");
  for (const char* field : {"b", "missing"}) EXPECT_EQ(reader.boolean(field), std::nullopt);
  for (const char* field : {"n", "missing"}) EXPECT_EQ(reader.number(field, 9), 0U);
  for (const char* field : {"a", "missing"}) EXPECT_TRUE(reader.array(field).empty());
  for (const char* field : {"o", "missing"}) EXPECT_TRUE(reader.strings(field).empty());
  EXPECT_EQ(reader.problem(), std::nullopt);
}

struct Wrong {
  const char* text;
  void (*read)(Reader& reader);
  const char* problem;
};

class ReaderProblem : public testing::TestWithParam<Wrong> {};

TEST_P(ReaderProblem, NamesTheFieldAndWhatIsWrong) {
  Reader reader = parsed(GetParam().text);

  GetParam().read(reader);

  ASSERT_TRUE(reader.problem());
  EXPECT_EQ(*reader.problem(), GetParam().problem);
}

INSTANTIATE_TEST_SUITE_P(
    All, ReaderProblem,
    testing::Values(
        Wrong{R"({"NetworkID":7})", [](Reader& r) { r.required_string("NetworkID"); },
              "NetworkID is not a string"},
        Wrong{R"({})", [](Reader& r) { r.required_string("NetworkID"); }, "NetworkID is missing"},
        Wrong{R"({"NetworkID":""})", [](Reader& r) { r.required_string("NetworkID"); },
              "NetworkID is missing"},
        Wrong{R"({"b":"true"})", [](Reader& r) { r.boolean("b"); }, "b is not a boolean"},
        Wrong{R"({"n":-1})", [](Reader& r) { r.number("n", 9); },
              "n is not a whole number from 0 to 9"},
        Wrong{R"({"n":10})", [](Reader& r) { r.number("n", 9); },
              "n is not a whole number from 0 to 9"},
        Wrong{R"({"n":1.5})", [](Reader& r) { r.number("n", 9); },
              "n is not a whole number from 0 to 9"},
        Wrong{R"({"n":1e99})", [](Reader& r) { r.number("n", 9); },
              "n is not a whole number from 0 to 9"},
        Wrong{R"({"n":99999999999999999999999})", [](Reader& r) { r.number("n", 9); },
              "n is not a whole number from 0 to 9"},
        Wrong{R"({"o":[]})", [](Reader& r) { r.object("o").string("x"); }, "o is not an object"},
        Wrong{R"({"a":{}})", [](Reader& r) { r.array("a"); }, "a is not an array"},
        Wrong{R"({"a":[{},7]})", [](Reader& r) { r.array("a"); }, "a[1] is not an object"},
        Wrong{R"({"a":[{},{"Pool":7}]})",
              [](Reader& r) {
                for (Reader& each : r.array("a")) each.string("Pool");
              },
              "a[1].Pool is not a string"},
        Wrong{R"({"o":{"k":{}}})", [](Reader& r) { r.strings("o"); }, "o.k is not a string"},
        Wrong{R"({"o":{"k":7}})", [](Reader& r) { r.objects("o"); }, "o.k is not an object"}));

TEST(Reader, RemembersTheFirstProblemOnly) {
  Reader reader = parsed(R"({"a":1,"b":2})");

  reader.string("a");
  reader.string("b");

  EXPECT_EQ(reader.problem(), "a is not a string");
}

TEST(Reader, MakesTextOfNumbersAndBooleansAmongStrings) {
  Reader reader = parsed(R"({"o":{"a":"x","b":true,"c":9000,"d":null}})");

  EXPECT_EQ(reader.strings("o"),
            (std::map<std::string, std::string>{{"a", "x"}, {"b", "true"}, {"c", "9000"}}));
}

}  // namespace
}  // namespace fairlead::cnm
