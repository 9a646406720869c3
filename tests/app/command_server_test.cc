// SPDX-License-Identifier: BSD-3-Clause
#include "app/command_server.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <functional>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <fmt/format.h>
#include <gmock/gmock.h>

#include "app/command_client.h"
#include "app/command_wire.h"
#include "app/unix_socket.h"
#include "app/version.h"
#include "storage/lock_file.h"
#include "tests/support/test_support.h"

namespace sightline::app {
namespace {

using ::testing::HasSubstr;
using testing::IsErrorWith;
using testing::IsOk;
using testing::ReadTestFile;
using testing::WriteTestFile;

namespace fs = std::filesystem;

constexpr std::chrono::seconds kLong{60};

size_t OpenDescriptors() {
  return static_cast<size_t>(std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

// One client with streams of its own, in files.
struct TestClient {
  explicit TestClient(const testing::TempDir& folder, const std::string& name, const fs::path& data_dir)
      : out_path(folder / (name + ".out")), err_path(folder / (name + ".err")) {
    WriteTestFile(folder / (name + ".in"), "input of " + name);
    session.io = {.in = std::fopen((folder / (name + ".in")).c_str(), "r"),
                  .out = std::fopen(out_path.c_str(), "w"),
                  .err = std::fopen(err_path.c_str(), "w")};
    session.globals.data_dir = data_dir.string();
    session.collections.emplace();
    session.environment = Environment({{"SIGHTLINE_MODEL", "model of " + name}, {"HOME", "/home/x"}, {"OTHER", "y"}});
  }
  ~TestClient() {
    std::fclose(session.io.in);
    std::fclose(session.io.out);
    std::fclose(session.io.err);
  }

  Result<std::optional<ExitCode>> Run(const std::vector<const char*>& arguments) {
    return RunInServer(session, static_cast<int>(arguments.size()), arguments.data());
  }
  /// -1: nothing ran, because there is no server; -2: an error.
  int Code(const std::vector<const char*>& arguments) {
    const auto code = Run(arguments);
    if (!code) return -2;
    return *code ? static_cast<int>(**code) : -1;
  }
  std::string out() const { return ReadTestFile(out_path); }
  std::string err() const { return ReadTestFile(err_path); }

  fs::path out_path;
  fs::path err_path;
  Session session;
};

class CommandServerTest : public ::testing::Test {
 protected:
  void Serve(std::function<int(const std::vector<std::string>&, Session&)> run, size_t most = 64) {
    fs::create_directories(data_dir());
    auto lock = storage::FolderLock::Acquire(data_dir(), socket_path().string());
    ASSERT_THAT(lock, IsOk());
    lock_ = std::make_unique<storage::FolderLock>(*std::move(lock));
    auto server = CommandServer::Open({.socket = socket_path(), .most_commands = most, .run = std::move(run)});
    ASSERT_THAT(server, IsOk());
    server_ = *std::move(server);
  }
  fs::path data_dir() const { return folder_ / "data"; }
  fs::path socket_path() const { return data_dir() / "server.sock"; }

  /// A client that speaks for itself.
  OwnedFd Connect() {
    auto connected = ConnectTo(socket_path());
    EXPECT_THAT(connected, IsOk());
    return *std::move(connected);
  }
  Status SendRaw(const OwnedFd& socket, const std::string& version) {
    const OwnedFd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    const OwnedFd here(::open(".", O_PATH | O_CLOEXEC));
    const std::array<int, 4> fds = {null.get(), null.get(), null.get(), here.get()};
    return SendCommand(socket.get(), {.version = version, .arguments = {"sightline", "x"}, .variables = {}}, fds);
  }

  const testing::TempDir folder_;
  std::unique_ptr<storage::FolderLock> lock_;
  std::unique_ptr<CommandServer> server_;
};

int Echo(const std::vector<std::string>& arguments, Session& session) {
  std::array<char, 100> input{};
  const size_t size = std::fread(input.data(), 1, input.size(), session.io.in);
  fmt::print(session.io.out, "{}|{}|{}|{}", arguments.back(), std::string_view(input.data(), size),
             session.environment.Get("SIGHTLINE_MODEL"), session.environment.Get("OTHER"));
  fmt::print(session.io.err, "a remark");
  return 7;
}

// Waits for the stop, and says whether it came.
int WaitForStop(const std::vector<std::string>& /*arguments*/, Session& session) {
  std::promise<void> stopped;
  const std::stop_callback on_stop(session.stop, [&stopped] { stopped.set_value(); });
  return stopped.get_future().wait_for(kLong) == std::future_status::ready ? 130 : 1;
}

TEST_F(CommandServerTest, CommandRunsOnTheStreamsAndWithTheVariablesOfTheClient) {
  Serve(Echo);
  TestClient client(folder_, "one", data_dir());
  const auto code = client.Run({"sightline", "search", "\xff words"});
  ASSERT_THAT(code, IsOk());
  EXPECT_EQ(**code, static_cast<ExitCode>(7));
  EXPECT_EQ(client.out(), "\xff words|input of one|model of one|") << "OTHER is not sent";
  EXPECT_EQ(client.err(), "a remark");
}

TEST_F(CommandServerTest, WithoutAServerNothingRuns) {
  TestClient client(folder_, "one", data_dir());
  EXPECT_EQ(client.Code({"sightline"}), -1) << "no data folder";
  Serve(Echo);
  server_.reset();
  EXPECT_EQ(client.Code({"sightline"}), -1) << "the record of a server that has gone";
  lock_.reset();
  EXPECT_EQ(client.Code({"sightline"}), -1);
}

TEST_F(CommandServerTest, CommandsWithoutCollectionsStayWithTheClient) {
  Serve(Echo);
  TestClient client(folder_, "one", data_dir());
  client.session.collections.reset();
  EXPECT_EQ(client.Code({"sightline"}), -1);
}

TEST_F(CommandServerTest, CollectionOfAnotherDataFolderLeadsToItsServer) {
  Serve(Echo);
  const fs::path other = folder_ / "other" / "collections" / "photos";
  fs::create_directories(other);
  const auto lock = storage::FolderLock::Acquire(other, socket_path().string());
  TestClient client(folder_, "one", folder_ / "other");
  EXPECT_EQ(client.Code({"sightline", "x"}), -1);
  client.session.collections = std::vector<std::string>{"photos"};
  EXPECT_EQ(client.Code({"sightline", "x"}), 7);
}

TEST_F(CommandServerTest, EveryCommandWorksInTheFolderOfItsClient) {
  const fs::path before = fs::current_path();
  std::promise<void> both;
  const std::shared_future<void> both_run = both.get_future().share();
  std::atomic<int> count{0};
  Serve([&](const std::vector<std::string>&, Session& session) {
    if (++count == 2) both.set_value();
    std::shared_future<void>(both_run).wait_for(kLong);
    std::string inner;
    std::jthread([&inner] { inner = fs::current_path().string(); }).join();
    fmt::print(session.io.out, "{}|{}", fs::current_path().string(), inner);
    return 0;
  });
  const auto run = [&](const std::string& name) {
    // A thread has its own folder here as well.
    fs::create_directories(folder_ / name);
    return std::async(std::launch::async, [&, name] {
      EXPECT_EQ(::unshare(CLONE_FS), 0);
      fs::current_path(folder_ / name);
      TestClient client(folder_, name + "-client", data_dir());
      EXPECT_THAT(client.Run({"sightline"}), IsOk());
      return client.out();
    });
  };
  auto first = run("first");
  auto second = run("second");
  const auto canonical = [&](const char* name) { return fs::canonical(folder_ / name).string(); };
  EXPECT_EQ(first.get(), canonical("first") + "|" + canonical("first"));
  EXPECT_EQ(second.get(), canonical("second") + "|" + canonical("second"));
  EXPECT_EQ(fs::current_path(), before);
}

TEST_F(CommandServerTest, StopByteStopsTheCommand) {
  Serve(WaitForStop);
  const OwnedFd socket = Connect();
  ASSERT_THAT(SendRaw(socket, BuildVersion()), IsOk());
  ASSERT_THAT(SendAll(socket.get(), std::string(1, kStopByte)), IsOk());
  const auto answer = ReceiveAnswer(socket.get());
  ASSERT_THAT(answer, IsOk());
  EXPECT_TRUE(answer->accepted);
  EXPECT_EQ(answer->exit_code, 130);
}

TEST_F(CommandServerTest, ClientThatGoesAwayStopsItsCommand) {
  std::promise<int> ended;
  Serve([&](const std::vector<std::string>& arguments, Session& session) {
    const int code = WaitForStop(arguments, session);
    ended.set_value(code);
    return code;
  });
  {
    const OwnedFd socket = Connect();
    ASSERT_THAT(SendRaw(socket, BuildVersion()), IsOk());
  }
  auto code = ended.get_future();
  ASSERT_EQ(code.wait_for(kLong), std::future_status::ready);
  EXPECT_EQ(code.get(), 130);
}

TEST_F(CommandServerTest, EndOfTheServerStopsCommandsAndTellsTheirClients) {
  std::promise<void> begun;
  Serve([&](const std::vector<std::string>& arguments, Session& session) {
    begun.set_value();
    return WaitForStop(arguments, session);
  });
  const OwnedFd socket = Connect();
  ASSERT_THAT(SendRaw(socket, BuildVersion()), IsOk());
  begun.get_future().wait_for(kLong);
  EXPECT_EQ(server_->running(), 1U);
  EXPECT_TRUE(server_->Stop(kLong));
  EXPECT_EQ(server_->running(), 0U);
  const auto answer = ReceiveAnswer(socket.get());
  ASSERT_THAT(answer, IsOk());
  EXPECT_EQ(answer->exit_code, 130);
  EXPECT_FALSE(fs::exists(socket_path()));
  EXPECT_FALSE(ConnectTo(socket_path()));
}

TEST_F(CommandServerTest, CommandThatDoesNotEndIsToldAfterTheGrace) {
  std::promise<void> go;
  Serve([&](const std::vector<std::string>&, Session&) {
    go.get_future().wait_for(kLong);
    return 0;
  });
  const OwnedFd socket = Connect();
  ASSERT_THAT(SendRaw(socket, BuildVersion()), IsOk());
  while (server_->running() == 0) std::this_thread::yield();
  EXPECT_FALSE(server_->Stop(std::chrono::milliseconds(1)));
  go.set_value();
  EXPECT_TRUE(server_->Stop(kLong));
}

TEST_F(CommandServerTest, AnotherVersionIsRefusedWithBothNames) {
  Serve([](const std::vector<std::string>&, Session&) -> int {
    ADD_FAILURE() << "ran";
    return 0;
  });
  const OwnedFd socket = Connect();
  ASSERT_THAT(SendRaw(socket, "9.9.9 (commit other)"), IsOk());
  const auto answer = ReceiveAnswer(socket.get());
  ASSERT_THAT(answer, IsOk());
  EXPECT_FALSE(answer->accepted);
  EXPECT_THAT(answer->reason, HasSubstr("9.9.9 (commit other)"));
  EXPECT_THAT(answer->reason, HasSubstr(BuildVersion()));
}

TEST_F(CommandServerTest, WhatIsNoCommandIsRefusedAndLeavesNothingOpen) {
  Serve(Echo);
  const size_t before = OpenDescriptors();
  const std::string greeting = "sightline command 1\n";
  for (const std::string& text : {std::string(40, 'x'), greeting + std::string(8, '\0'),
                                  greeting + std::string(8, '\xff'), std::string("GET / HTTP/1.1\r\n\r\n12")}) {
    const OwnedFd socket = Connect();
    ASSERT_THAT(SendAll(socket.get(), text), IsOk());
    const auto answer = ReceiveAnswer(socket.get());
    if (!answer) continue;  // closed with something unread: the answer may be lost
    EXPECT_FALSE(answer->accepted) << text;
  }
  TestClient client(folder_, "one", data_dir());
  EXPECT_THAT(client.Run({"sightline", "x"}), IsOk());
  while (server_->running() > 0) std::this_thread::yield();
  EXPECT_EQ(OpenDescriptors(), before + 3) << "the three of the client";
}

TEST_F(CommandServerTest, MoreThanTheMostCommandsAreRefused) {
  Serve(WaitForStop, 1);
  const OwnedFd first = Connect();
  ASSERT_THAT(SendRaw(first, BuildVersion()), IsOk());
  while (server_->running() == 0) std::this_thread::yield();
  TestClient client(folder_, "one", data_dir());
  EXPECT_THAT(client.Run({"sightline", "x"}), IsErrorWith(ErrorCode::kFailedPrecondition, "too many commands"));
}

TEST_F(CommandServerTest, SocketIsForThisUserAloneAndMayHaveALongPath) {
  const fs::path deep = folder_ / std::string(120, 'd');
  fs::create_directories(deep);
  auto server = CommandServer::Open({.socket = deep / "server.sock", .run = Echo});
  ASSERT_THAT(server, IsOk());
  struct stat state = {};
  ASSERT_EQ(::stat((deep / "server.sock").c_str(), &state), 0);
  EXPECT_EQ(state.st_mode & 0777U, 0600U);
  EXPECT_THAT(ConnectTo(deep / "server.sock"), IsOk());
}

}  // namespace
}  // namespace sightline::app
