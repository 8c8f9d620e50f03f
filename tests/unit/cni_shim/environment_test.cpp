#include "cni-shim/environment.h"

#include <gtest/gtest.h>

namespace fairlead::cni {
namespace {

Variables add() {
  return {{"CNI_COMMAND", "ADD"},
          {"CNI_CONTAINERID", "c1"},
          {"CNI_NETNS", "/run/netns/x"},
          {"CNI_IFNAME", "eth0"}};
}

Outcome<Invocation> with(const std::string& name, const std::string& value,
                         Variables variables = add()) {
  variables[name] = value;
  return read_environment(variables);
}

TEST(Environment, NamesEveryVariableThatIsMissing) {
  const auto done = read_environment({{"CNI_COMMAND", "ADD"}, {"CNI_IFNAME", ""}});
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, Code::environment);
  EXPECT_EQ(done.error().details, "CNI_CONTAINERID, CNI_IFNAME, CNI_NETNS");
}

TEST(Environment, DelNeedsNoNamespaceAndGcNothing) {
  EXPECT_TRUE(with("CNI_NETNS", "", [] {
    auto variables = add();
    variables["CNI_COMMAND"] = "DEL";
    return variables;
  }()));
  EXPECT_TRUE(read_environment({{"CNI_COMMAND", "GC"}}));
  EXPECT_TRUE(read_environment({{"CNI_COMMAND", "STATUS"}}));
  EXPECT_TRUE(read_environment({{"CNI_COMMAND", "VERSION"}}));
  EXPECT_FALSE(read_environment({{"CNI_COMMAND", "add"}}));
}

TEST(Environment, RefusesNamesThatNoRuntimeMaySend) {
  for (const char* id : {"-x", ".x", "a/b", "a b", "\xc3\xa4", "../x"})
    EXPECT_FALSE(with("CNI_CONTAINERID", id)) << id;
  EXPECT_TRUE(with("CNI_CONTAINERID", "k8s.io-web_1.x"));
  for (const char* name : {"a/b", ".", "..", "a:b", "a b", "0123456789abcdef", "a\n"})
    EXPECT_FALSE(with("CNI_IFNAME", name)) << name;
  EXPECT_TRUE(with("CNI_IFNAME", "0123456789abcde"));
}

TEST(Environment, ReadsArgsInAnyOrder) {
  const auto done =
      with("CNI_ARGS", "K8S_POD_NAME=web;MAC=02:00:00:00:00:07;X=1;IgnoreUnknown=1;IP=10.9.0.7");
  ASSERT_TRUE(done) << done.error().message;
  EXPECT_EQ(done->mac, "02:00:00:00:00:07");
  EXPECT_EQ(done->addresses, std::vector<std::string>{"10.9.0.7"});
  EXPECT_EQ(done->labels.at("K8S_POD_NAME"), "web");
}

TEST(Environment, RefusesArgsThatItDoesNotKnow) {
  EXPECT_FALSE(with("CNI_ARGS", "X=1"));
  EXPECT_FALSE(with("CNI_ARGS", "X=1;IgnoreUnknown=0"));
  EXPECT_FALSE(with("CNI_ARGS", "MAC"));
  EXPECT_FALSE(with("CNI_ARGS", "=1"));
  EXPECT_TRUE(with("CNI_ARGS", ";;"));
}

TEST(Environment, ArgsDoNotKeepAContainerFromBeingDeleted) {
  auto variables = add();
  variables["CNI_COMMAND"] = "DEL";
  EXPECT_TRUE(with("CNI_ARGS", "nonsense", variables));
}

TEST(Environment, KeepsTheTraceOfTheCaller) {
  const auto done = with("TRACEPARENT", "00-abc-def-01");
  ASSERT_TRUE(done);
  EXPECT_EQ(done->labels.at("TRACEPARENT"), "00-abc-def-01");
}

}  // namespace
}  // namespace fairlead::cni
