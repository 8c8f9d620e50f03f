// Who may talk to etcd, and whom we take for it: settings, TLS, users.
#include "etcd/grpc_client.h"

#include <fstream>

#include "certificates.h"
#include "etcd_support.h"
#include "tests/support/real_etcd.h"

namespace fairlead::etcd {
namespace {

using testing::HasSubstr;

TEST(GrpcClientSettings, WhatIsWrongWithThemIsSaid) {
  const auto why = [](const Settings& settings) {
    return failure(make_grpc_client(settings), Errc::invalid_argument);
  };
  EXPECT_THAT(why({}), HasSubstr("no endpoint"));
  EXPECT_THAT(why({.endpoints = {"10.0.0.1:2379"}}), HasSubstr("\"10.0.0.1:2379\": begins with"));
  EXPECT_THAT(why({.endpoints = {"http://10.0.0.1:0"}}), HasSubstr("port"));
  EXPECT_THAT(why({.endpoints = {"http://10.0.0.1", "https://10.0.0.2"}}), HasSubstr("mixed"));
  EXPECT_THAT(why({.endpoints = {"http://10.0.0.1"}, .user = "me"}), HasSubstr("password"));
  EXPECT_THAT(why({.endpoints = {"https://10.0.0.1"}, .ca_file = "/no/such/file"}),
              HasSubstr("ca_file \"/no/such/file\": No such file or directory"));
  EXPECT_THAT(why({.endpoints = {"https://10.0.0.1"}, .ca_file = "/dev/null"}),
              HasSubstr("holds nothing in PEM format"));
  EXPECT_THAT(why({.endpoints = {"https://10.0.0.1"}, .cert_file = "/etc/hostname"}),
              HasSubstr("go together"));
}

class GrpcClientTest : public testing::Test {
 protected:
  void SetUp() override {
    if (!test::RealEtcd::installed()) FAIRLEAD_CANNOT_RUN("etcd is not installed: scripts/deps");
  }
};

// --- TLS

TEST_F(GrpcClientTest, BothSidesShowTheirCertificates) {
  const Certificates ours;
  test::RealEtcd etcd({}, ours.folder());
  etcd.start();
  const auto client = client_of(ours.settings(etcd.url()));
  const auto made = put(*client, "a", "1");
  Watching watching(*client, "", made.revision);
  EXPECT_EQ(watching.events(1).size(), 1u);

  auto nameless = ours.settings(etcd.url());
  nameless.cert_file.clear();
  nameless.key_file.clear();
  failure(client_of(nameless)->get("a"), Errc::unavailable);
}

TEST_F(GrpcClientTest, AnEtcdOfAnotherAuthorityIsNotTrustedAndItIsSaidWhy) {
  const Certificates ours;
  const Certificates theirs;
  test::RealEtcd etcd({}, theirs.folder());
  etcd.start();
  EXPECT_THAT(failure(client_of(ours.settings(etcd.url()))->get("a"), Errc::unavailable),
              HasSubstr("ca_file is not of the authority that signed etcd's certificate"));
}

TEST_F(GrpcClientTest, AnEtcdWhoseCertificateIsForOtherNamesIsNotTrusted) {
  Certificates ours;
  ours.issue("server", "subjectAltName=IP:198.18.0.1");
  test::RealEtcd etcd({}, ours.folder());
  etcd.start();
  EXPECT_THAT(failure(client_of(ours.settings(etcd.url()))->get("a"), Errc::unavailable),
              HasSubstr("for other names and addresses"));
}

TEST_F(GrpcClientTest, TlsOnOneSideOnlyIsSuspected) {
  const Certificates ours;
  test::RealEtcd etcd;
  etcd.start();
  EXPECT_THAT(failure(client_of(ours.settings("https" + etcd.url().substr(4)))->get("a"),
                      Errc::unavailable),
              HasSubstr("does it speak TLS"));
  test::RealEtcd secure({}, ours.folder());
  secure.start();
  EXPECT_THAT(failure(client_of({.endpoints = {"http" + secure.url().substr(5)}})->get("a"),
                      Errc::unavailable),
              HasSubstr("does it want https"));
}

TEST_F(GrpcClientTest, CertificatesThatWereReplacedAreUsedFromTheNextCallOn) {
  const Certificates theirs;
  const Certificates ours;
  test::RealEtcd etcd({}, theirs.folder());
  etcd.start();
  const auto client = client_of(ours.settings(etcd.url()));
  failure(client->get("a"), Errc::unavailable);
  for (const char* name : {"cacert.pem", "client.pem", "client.key"}) {
    std::filesystem::copy_file(theirs.file(name), ours.file(name),
                               std::filesystem::copy_options::overwrite_existing);
  }
  EXPECT_EQ(must(client->get("a")).created, 0);
  // Half written: what was read before stays in use.
  std::ofstream(ours.file("client.key")).flush();
  EXPECT_EQ(must(client->get("a")).created, 0);
}

// --- users

class UserTest : public GrpcClientTest {
 protected:
  void SetUp() override {
    GrpcClientTest::SetUp();
    if (IsSkipped() || HasFailure()) return;
    etcd.start();
    etcd.ctl("user add root:rootpw");
    etcd.ctl("user grant-role root root");
    etcd.ctl("user add fairlead:secret");
    etcd.ctl("role add fairlead");
    etcd.ctl("role grant-permission fairlead --prefix=true readwrite /fairlead/");
    etcd.ctl("user grant-role fairlead fairlead");
    etcd.ctl("auth enable");
  }

  std::unique_ptr<Client> client(const std::string& user, const std::string& password) {
    return client_of(
        {.endpoints = {etcd.url()}, .user = user, .password = password, .deadline = 10s});
  }

  test::RealEtcd etcd;
};

TEST_F(UserTest, AUserMayDoWhatItsRoleMay) {
  const auto ours = client("fairlead", "secret");
  const auto made = put(*ours, "/fairlead/a", "1");
  EXPECT_EQ(must(ours->list("/fairlead/")).entries.size(), 1u);
  must(ours->keep_alive(must(ours->grant(60s))));
  EXPECT_NE(must(ours->identity()).cluster, 0u);
  EXPECT_THAT(failure(ours->get("/other"), Errc::invalid_argument),
              HasSubstr("permission denied: give the user a role"));
  Watching watching(*ours, "/fairlead/", made.revision);
  EXPECT_EQ(watching.events(1).size(), 1u);
}

TEST_F(UserTest, AWatchOfWhatTheRoleDoesNotCoverEndsAndSaysSo) {
  const auto ours = client("fairlead", "secret");
  Watching watching(*ours, "/other/", 1);
  const auto ended = watching.ended();
  EXPECT_EQ(ended.how, WatchEnd::lost);
  EXPECT_THAT(ended.why, HasSubstr("permission denied"));
}

TEST_F(UserTest, AWrongPasswordAndNoneAreToldApart) {
  EXPECT_THAT(failure(client("fairlead", "wrong")->get("/fairlead/a"), Errc::invalid_argument),
              HasSubstr("check the user and the password"));
  EXPECT_THAT(failure(client("", "")->get("/fairlead/a"), Errc::invalid_argument),
              HasSubstr("none is configured"));
}

TEST_F(UserTest, ATokenThatEtcdNoLongerKnowsIsReplacedUnseen) {
  const auto ours = client("fairlead", "secret");
  put(*ours, "/fairlead/a", "1");
  etcd.kill();
  etcd.start();
  EXPECT_EQ(must(ours->get("/fairlead/a")).value, "1");
  EXPECT_TRUE(put(*ours, "/fairlead/a", "2").done);
  must(ours->keep_alive(must(ours->grant(60s))));
}

TEST_F(GrpcClientTest, APasswordThatNobodyAsksForDoesNotHurt) {
  test::RealEtcd etcd;
  etcd.start();
  const auto client =
      client_of({.endpoints = {etcd.url()}, .user = "fairlead", .password = "secret"});
  EXPECT_TRUE(put(*client, "a", "1").done);
}

}  // namespace
}  // namespace fairlead::etcd
