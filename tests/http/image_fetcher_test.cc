// SPDX-License-Identifier: BSD-3-Clause
#include "http/image_fetcher.h"

#include <future>
#include <stop_token>
#include <thread>

#include "tests/http/scripted_server.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using testing::IsError;
using testing::IsErrorWith;
using testing::IsOk;
using ::testing::Not;
using ::testing::SizeIs;

// Fetches from servers of the test, whose address is allowed by name.
class ImageFetcherTest : public ::testing::Test {
 protected:
  static std::unique_ptr<ImageFetcher> Make(ImageFetcherOptions options) {
    options.enabled = true;
    if (options.allow.empty()) options.allow = {"*"};
    auto fetcher = ImageFetcher::Make(options);
    EXPECT_THAT(fetcher, IsOk());
    return fetcher ? *std::move(fetcher) : nullptr;
  }
  static ImageFetcherOptions For(const ScriptedServer& server) {
    ImageFetcherOptions options;
    options.allow = {"127.0.0.1:" + std::to_string(server.port())};
    options.networks = {"127.0.0.0/8"};
    return options;
  }
  static Result<std::string> Fetch(const ScriptedServer& server, const std::string& target,
                                   const ImageFetcherOptions& options) {
    return Make(options)->Fetch(server.Url(target), {});
  }
  static Result<std::string> Fetch(const ScriptedServer& server, const std::string& target = "/a.jpg") {
    return Fetch(server, target, For(server));
  }
};

TEST_F(ImageFetcherTest, BytesArriveInEveryFraming) {
  const std::string bytes("\xFF\xD8\0picture", 10);
  EXPECT_EQ(Fetch(ScriptedServer([&](const auto&) { return ScriptedServer::Ok(bytes); })), bytes);
  EXPECT_EQ(Fetch(ScriptedServer([&](const auto&) { return "HTTP/1.0 200 OK\r\n\r\n" + bytes; })), bytes);
  EXPECT_EQ(
      Fetch(ScriptedServer([&](const auto&) {
        return std::string("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n");
      })),
      "abcde");
}

TEST_F(ImageFetcherTest, TheRequestTellsNothingOfUs) {
  const ScriptedServer server([](const auto&) { return ScriptedServer::Ok("x"); });
  ASSERT_THAT(Fetch(server, "/p/a%20b.jpg?w=1#frag"), IsOk());
  ASSERT_THAT(server.requests(), SizeIs(1));
  const std::string head = server.requests()[0];
  EXPECT_THAT(head, HasSubstr("GET /p/a%20b.jpg?w=1 HTTP/1.1\r\n"));
  EXPECT_THAT(head, HasSubstr("Host: 127.0.0.1:" + std::to_string(server.port()) + "\r\n"));
  for (const char* field : {"Cookie", "Authorization", "Referer", "X-Forwarded-For"}) {
    EXPECT_THAT(head, Not(HasSubstr(field)));
  }
}

TEST_F(ImageFetcherTest, ItIsOffUnlessTurnedOnWithAList) {
  const auto off = ImageFetcher::Make({.allow = {"*"}});
  ASSERT_THAT(off, IsOk());
  EXPECT_FALSE((*off)->enabled());
  EXPECT_THAT((*off)->Fetch("http://example.com/", {}), IsError(ErrorCode::kFailedPrecondition));
  EXPECT_THAT(ImageFetcher::Make({.enabled = true}), IsErrorWith(ErrorCode::kInvalidArgument, "no host is allowed"));
  EXPECT_THAT(ImageFetcher::Make({.enabled = true, .allow = {"a b"}}), IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ImageFetcher::Make({.enabled = true, .allow = {"*"}, .networks = {"10/8"}}),
              IsError(ErrorCode::kInvalidArgument));
  EXPECT_THAT(ImageFetcher::Make({.enabled = true, .allow = {"*"}, .ca_file = "/no/such.pem"}),
              IsErrorWith(ErrorCode::kInvalidArgument, "/no/such.pem"));
}

TEST_F(ImageFetcherTest, HostsThatAreNotListedAreNotAsked) {
  const ScriptedServer server([](const auto&) { return ScriptedServer::Ok("x"); });
  ImageFetcherOptions options = For(server);
  options.allow = {"images.example.com", "127.0.0.1:1"};
  EXPECT_THAT(Fetch(server, "/", options), IsErrorWith(ErrorCode::kInvalidArgument, "list"));
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(ImageFetcherTest, AddressesThatAreNotPublicAreNotAskedHoweverTheyAreWritten) {
  const ScriptedServer server([](const auto&) { return ScriptedServer::Ok("x"); });
  const std::string port = std::to_string(server.port());
  for (const char* host : {"127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "0177.0.0.1", "0.0.0.0",
                           "[::1]", "[::ffff:127.0.0.1]", "[::127.0.0.1]"}) {
    ImageFetcherOptions options;
    options.allow = {std::string(host) + ":" + port};
    const auto got = Make(options)->Fetch(std::string("http://") + host + ":" + port + "/", {});
    // Some resolvers take no numbers but whole ones.
    EXPECT_FALSE(got.has_value()) << host;
  }
  EXPECT_THAT(server.requests(), IsEmpty());
  ImageFetcherOptions options;
  options.allow = {"localhost:" + port};
  EXPECT_THAT(Make(options)->Fetch("http://localhost:" + port + "/", {}),
              IsErrorWith(ErrorCode::kInvalidArgument, "not on the public internet"));
}

TEST_F(ImageFetcherTest, RedirectsAreFollowedWithinWhatIsAllowed) {
  const ScriptedServer server([](const std::string& head) {
    if (head.starts_with("GET /first ")) return ScriptedServer::Redirect("/second");
    return ScriptedServer::Ok("there");
  });
  EXPECT_EQ(Fetch(server, "/first"), "there");
  EXPECT_THAT(server.requests(), SizeIs(2));
}

TEST_F(ImageFetcherTest, RedirectsOutAreRefused) {
  const ScriptedServer inner([](const auto&) { return ScriptedServer::Ok("secret"); });
  for (const std::string& location : {inner.Url("/"), std::string("http://169.254.169.254/latest/meta-data/"),
                                      std::string("file:///etc/passwd"), std::string("//other.example/")}) {
    const ScriptedServer server([&](const auto&) { return ScriptedServer::Redirect(location); });
    EXPECT_THAT(Fetch(server), IsError(ErrorCode::kInvalidArgument)) << location;
  }
  EXPECT_THAT(inner.requests(), IsEmpty());
}

TEST_F(ImageFetcherTest, RedirectsToAnAddressThatIsNotPublicAreRefused) {
  const ScriptedServer inner([](const auto&) { return ScriptedServer::Ok("secret"); });
  const ScriptedServer server(
      [&](const auto&) { return ScriptedServer::Redirect("http://127.0.0.2:" + std::to_string(inner.port()) + "/"); });
  ImageFetcherOptions options = For(server);
  options.allow.push_back("127.0.0.2:" + std::to_string(inner.port()));
  options.networks = {"127.0.0.1"};
  EXPECT_THAT(Fetch(server, "/", options), IsErrorWith(ErrorCode::kInvalidArgument, "public internet"));
  EXPECT_THAT(inner.requests(), IsEmpty());
}

TEST_F(ImageFetcherTest, RedirectsInACircleEnd) {
  const ScriptedServer server([](const auto&) { return ScriptedServer::Redirect("/again"); });
  EXPECT_THAT(Fetch(server), IsErrorWith(ErrorCode::kInvalidArgument, "redirects"));
  EXPECT_THAT(server.requests(), SizeIs(4));
}

TEST_F(ImageFetcherTest, TooManyBytesAreNotTaken) {
  const std::string body(2000, 'x');
  const std::vector<std::string> answers = {
      ScriptedServer::Ok(body), "HTTP/1.0 200 OK\r\n\r\n" + body,
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n7d0\r\n" + body + "\r\n0\r\n\r\n"};
  for (const std::string& answer : answers) {
    const ScriptedServer server([&](const auto&) { return answer; });
    ImageFetcherOptions options = For(server);
    options.max_bytes = 1999;
    EXPECT_THAT(Fetch(server, "/", options), IsError(ErrorCode::kResourceExhausted)) << answer.substr(0, 60);
    options.max_bytes = 2000;
    EXPECT_EQ(Fetch(server, "/", options), body);
  }
}

TEST_F(ImageFetcherTest, AnswersWithoutAPictureAreErrors) {
  const auto fetch = [&](const std::string& answer) {
    return Fetch(ScriptedServer([&](const auto&) { return answer; }));
  };
  EXPECT_THAT(fetch("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
              IsErrorWith(ErrorCode::kInvalidArgument, "404"));
  EXPECT_THAT(fetch("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n"),
              IsErrorWith(ErrorCode::kInvalidArgument, "302"));
  EXPECT_THAT(fetch("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx"),
              IsErrorWith(ErrorCode::kInvalidArgument, "compressed"));
  EXPECT_THAT(fetch("SSH-2.0-OpenSSH_9.2\r\n"), IsError(ErrorCode::kUnavailable));
  EXPECT_THAT(fetch(""), IsError(ErrorCode::kUnavailable));
  EXPECT_THAT(fetch("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort"), IsError(ErrorCode::kUnavailable));
  EXPECT_THAT(fetch("HTTP/1.1 200 OK\r\nX: " + std::string(20000, 'x') + "\r\n\r\n"),
              IsError(ErrorCode::kResourceExhausted));
}

class TlsImageFetcherTest : public ImageFetcherTest {
 protected:
  // Options that trust `identity` as an authority.
  ImageFetcherOptions Trusting(const TlsIdentity& identity, const ScriptedServer& server) {
    testing::WriteTestFile(dir_ / "ca.pem", identity.certificate);
    ImageFetcherOptions options = For(server);
    options.ca_file = dir_ / "ca.pem";
    return options;
  }
  testing::TempDir dir_;
};

TEST_F(TlsImageFetcherTest, ATrustedCertificateOfTheHostIsTaken) {
  const TlsIdentity identity = MakeTlsIdentity("IP:127.0.0.1");
  const ScriptedServer server([](const auto&) { return ScriptedServer::Ok("x"); }, identity);
  EXPECT_EQ(Fetch(server, "/a", Trusting(identity, server)), "x");
}

TEST_F(TlsImageFetcherTest, CertificatesOfOthersAreRefused) {
  const TlsIdentity identity = MakeTlsIdentity("IP:127.0.0.1");
  const ScriptedServer unknown([](const auto&) { return ScriptedServer::Ok("x"); }, identity);
  EXPECT_THAT(Fetch(unknown, "/a", For(unknown)), IsError(ErrorCode::kUnavailable));
  const TlsIdentity elsewhere = MakeTlsIdentity("IP:127.0.0.2,DNS:localhost");
  const ScriptedServer other([](const auto&) { return ScriptedServer::Ok("x"); }, elsewhere);
  EXPECT_THAT(Fetch(other, "/a", Trusting(elsewhere, other)), IsError(ErrorCode::kUnavailable));
  EXPECT_THAT(unknown.requests(), IsEmpty());
  EXPECT_THAT(other.requests(), IsEmpty());
}

TEST_F(TlsImageFetcherTest, ARedirectThatGivesUpTlsIsRefused) {
  const ScriptedServer plain([](const auto&) { return ScriptedServer::Ok("x"); });
  const TlsIdentity identity = MakeTlsIdentity("IP:127.0.0.1");
  const ScriptedServer server([&](const auto&) { return ScriptedServer::Redirect(plain.Url("/")); }, identity);
  ImageFetcherOptions options = Trusting(identity, server);
  options.allow.push_back("127.0.0.1:" + std::to_string(plain.port()));
  EXPECT_THAT(Fetch(server, "/a", options), IsErrorWith(ErrorCode::kInvalidArgument, "https to http"));
  EXPECT_THAT(plain.requests(), IsEmpty());
}

// A server that takes the request and answers only when the test is over.
class SilentServer {
 public:
  SilentServer() : server_([this](const auto&) { return released_.get_future().wait(), std::string(); }) {}
  ~SilentServer() { released_.set_value(); }
  const ScriptedServer& server() const { return server_; }

 private:
  std::promise<void> released_;
  ScriptedServer server_;
};

TEST_F(ImageFetcherTest, WhoDoesNotAnswerIsGivenUp) {
  const SilentServer silent;
  ImageFetcherOptions options = For(silent.server());
  options.timeout = std::chrono::milliseconds(30);
  EXPECT_THAT(Fetch(silent.server(), "/", options), IsErrorWith(ErrorCode::kUnavailable, "in time"));
}

TEST_F(ImageFetcherTest, DeadlineOfTheRequestHolds) {
  const SilentServer silent;
  const auto fetcher = Make(For(silent.server()));
  EXPECT_THAT(fetcher->Fetch(silent.server().Url("/"), Limits::After(std::chrono::milliseconds(30))),
              IsError(ErrorCode::kDeadlineExceeded));
}

TEST_F(ImageFetcherTest, AClientThatGoesAwayStopsIt) {
  const SilentServer silent;
  const auto fetcher = Make(For(silent.server()));
  std::stop_source stop;
  std::jthread stopper([&] {
    while (silent.server().requests().empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    stop.request_stop();
  });
  EXPECT_THAT(fetcher->Fetch(silent.server().Url("/"), {.stop = stop.get_token()}), IsError(ErrorCode::kCancelled));
}

TEST_F(ImageFetcherTest, NobodyThereIsUnavailable) {
  uint16_t port = 0;
  {
    const ScriptedServer gone([](const auto&) { return std::string(); });
    port = gone.port();
  }
  ImageFetcherOptions options;
  options.allow = {"127.0.0.1:" + std::to_string(port)};
  options.networks = {"127.0.0.1"};
  EXPECT_THAT(Make(options)->Fetch("http://127.0.0.1:" + std::to_string(port) + "/", {}),
              IsError(ErrorCode::kUnavailable));
}

}  // namespace
}  // namespace sightline::http
