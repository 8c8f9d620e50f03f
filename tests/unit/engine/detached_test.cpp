// Notes that the plugin left while no daemon answered.
#include "engine/detached.h"

#include <stdlib.h>

#include <filesystem>
#include <fstream>

#include "engine/attachments.h"
#include "tests/unit/engine/engine_fixture.h"

namespace fairlead::test {
namespace {

class DetachedTest : public EngineTest {
 protected:
  void SetUp() override {
    char name[] = "/tmp/fl_detached_XXXXXX";
    folder_ = ::mkdtemp(name);
    engine.settings.detached = {
        .folder = folder_, .parse = [](std::string_view text) -> Result<engine::AttachmentKey> {
          if (text.empty()) return fail(Errc::invalid_argument, "empty");
          return engine::AttachmentKey{
              .config = "web", .container = std::string(text), .interface = {}};
        }};
    engine::AttachRequest want;
    want.network.name = "web";
    want.attachment = {.config = "web", .container = "c1", .interface = "eth0"};
    want.sandbox_file = 0;
    ASSERT_TRUE(engine::attach(engine, want));
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void note(const std::string& name, const std::string& text) {
    std::ofstream(folder_ + "/" + name) << text;
  }
  bool exists(const std::string& name) { return std::filesystem::exists(folder_ + "/" + name); }

  std::string folder_;
};

TEST_F(DetachedTest, NoteIsDoneAndRemoved) {
  note("web.c1.eth0.json", "c1");

  ASSERT_TRUE(engine::replay_detached(engine));

  EXPECT_TRUE(engine.state.endpoints.empty());
  EXPECT_FALSE(exists("web.c1.eth0.json"));
}

TEST_F(DetachedTest, HalfWrittenNoteIsLeftAlone) {
  note("web.c1.eth0.json.tmp", "c1");

  ASSERT_TRUE(engine::replay_detached(engine));

  EXPECT_EQ(engine.state.endpoints.size(), 1U);
  EXPECT_TRUE(exists("web.c1.eth0.json.tmp"));
}

TEST_F(DetachedTest, UnreadableNoteIsPutAsideAndTheOthersAreDone) {
  note("a.json", "");
  note("b.json", "c1");

  ASSERT_TRUE(engine::replay_detached(engine));

  EXPECT_TRUE(exists("a.json.bad"));
  EXPECT_FALSE(exists("a.json"));
  EXPECT_TRUE(engine.state.endpoints.empty());
}

TEST_F(DetachedTest, NoteStaysUntilItCanBeDone) {
  note("a.json", "c1");
  datapath.refuse_next("erase_endpoint");
  EXPECT_FALSE(engine::replay_detached(engine));
  EXPECT_TRUE(exists("a.json"));

  EXPECT_TRUE(engine::replay_detached(engine));
  EXPECT_FALSE(exists("a.json"));
}

TEST_F(DetachedTest, NoFolderIsNoError) {
  std::filesystem::remove_all(folder_);
  EXPECT_TRUE(engine::replay_detached(engine));
}

}  // namespace
}  // namespace fairlead::test
