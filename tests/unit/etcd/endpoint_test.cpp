#include "etcd/endpoint.h"

#include "etcd_support.h"

namespace fairlead::etcd {
namespace {

TEST(Endpoint, ItsPartsAreFound) {
  const auto target = [](const char* url) { return must(parse_endpoint(url)).target; };
  EXPECT_EQ(target("https://10.0.0.1:2379"), "dns:///10.0.0.1:2379");
  EXPECT_EQ(target("http://etcd-1.example"), "dns:///etcd-1.example:2379");
  EXPECT_EQ(target("http://[2001:db8::1]:12379/"), "dns:///[2001:db8::1]:12379");
  EXPECT_EQ(target("http://[2001:db8::1]"), "dns:///[2001:db8::1]:2379");
  EXPECT_TRUE(must(parse_endpoint("https://a")).tls);
  EXPECT_FALSE(must(parse_endpoint("http://a")).tls);
  EXPECT_EQ(must(parse_endpoint("http://a/")).url, "http://a/");
}

TEST(Endpoint, AnythingElseIsRefused) {
  for (const char* url :
       {"", "a", "10.0.0.1:2379", "tcp://a:1", "http://", "http:///", "http://:2379", "http://a:",
        "http://a:0", "http://a:65536", "http://a:1x", "http://a/path", "http://user@a",
        "http://2001:db8::1:2379", "http://[]:1", "http://[a]x:1", "http://a b", "https://a,b"}) {
    EXPECT_THAT(failure(parse_endpoint(url), Errc::invalid_argument),
                testing::HasSubstr("write it like https://"))
        << url;
  }
}

}  // namespace
}  // namespace fairlead::etcd
