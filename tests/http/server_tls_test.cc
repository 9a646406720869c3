// SPDX-License-Identifier: BSD-3-Clause
#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>

#include "http/server.h"
#include "tests/http/http_client.h"
#include "tests/support/test_support.h"

namespace sightline::http {
namespace {

using ::testing::HasSubstr;
using testing::IsErrorWith;

template <auto kFree>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using Key = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using Certificate = std::unique_ptr<X509, Freer<X509_free>>;
using File = std::unique_ptr<std::FILE, Freer<std::fclose>>;

/// Writes key.pem and certificate.pem, which is signed by itself, into `folder`.
void MakeCertificate(const std::filesystem::path& folder) {
  const Key key(EVP_EC_gen("P-256"));
  const Certificate certificate(X509_new());
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -3600);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>("test"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  ASSERT_GT(X509_sign(certificate.get(), key.get(), EVP_sha256()), 0);
  const File key_file(std::fopen((folder / "key.pem").c_str(), "w"));
  ASSERT_EQ(PEM_write_PrivateKey(key_file.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr), 1);
  const File certificate_file(std::fopen((folder / "certificate.pem").c_str(), "w"));
  ASSERT_EQ(PEM_write_X509(certificate_file.get(), certificate.get()), 1);
}

/// What a TLS client gets for `request`, until the server closes; empty when the handshake fails.
std::string CallOverTls(uint16_t port, std::string_view request, int newest_version = TLS1_3_VERSION) {
  const std::unique_ptr<SSL_CTX, Freer<SSL_CTX_free>> context(SSL_CTX_new(TLS_client_method()));
  SSL_CTX_set_security_level(context.get(), 0);  // So that an old version is really offered.
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(context.get(), newest_version);
  const std::unique_ptr<SSL, Freer<SSL_free>> tls(SSL_new(context.get()));
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval wait = {.tv_sec = 20, .tv_usec = 0};
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)), 0);
  SSL_set_fd(tls.get(), socket);
  std::string out;
  if (SSL_connect(tls.get()) == 1) {
    SSL_write(tls.get(), request.data(), static_cast<int>(request.size()));
    std::array<char, 16 * 1024> block;
    for (int got = 0; (got = SSL_read(tls.get(), block.data(), static_cast<int>(block.size()))) > 0;) {
      out.append(block.data(), static_cast<size_t>(got));
    }
  }
  ::close(socket);
  return out;
}

std::unique_ptr<Server> StartTlsServer(const std::filesystem::path& folder) {
  Router router;
  router.Add({.method = Method::kPost,
              .pattern = "/echo",
              .operation = "echo",
              .handler = [](const std::shared_ptr<const Request>& request,
                            const Reply& reply) { reply({.body = request->body}); },
              .max_body_bytes = 1 << 20});
  return testing::StartServer(std::move(router),
                              {.tls_certificate = folder / "certificate.pem", .tls_key = folder / "key.pem"});
}

TEST(ServerTlsTest, AnswersUnderTls) {
  const testing::TempDir folder;
  MakeCertificate(folder.path());
  const auto server = StartTlsServer(folder.path());
  const std::string body(300'000, 'x');
  const std::string answer =
      CallOverTls(server->port(), testing::RequestText(Method::kPost, "/echo", body, {{"Connection", "close"}}));
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 OK\r\n"));
  EXPECT_TRUE(answer.ends_with(body));
}

TEST(ServerTlsTest, OldVersionsAndPlainTextAreRefused) {
  const testing::TempDir folder;
  MakeCertificate(folder.path());
  const auto server = StartTlsServer(folder.path());
  const std::string request = testing::RequestText(Method::kPost, "/echo", "a", {{"Connection", "close"}});
  EXPECT_EQ(CallOverTls(server->port(), request, TLS1_1_VERSION), "");
  testing::HttpClient plain(server->port());
  ASSERT_TRUE(plain.Send(request));
  EXPECT_FALSE(plain.Read());
  EXPECT_THAT(CallOverTls(server->port(), request, TLS1_2_VERSION), HasSubstr("200 OK"));
}

TEST(ServerTlsMalformedTest, FilesThatAreNoKeysAreNamed) {
  const testing::TempDir folder;
  MakeCertificate(folder.path());
  testing::WriteTestFile(folder / "text", "no key");
  const auto open = [&folder](const char* certificate, const char* key) {
    return Server::Open(
        {.listen = {{"127.0.0.1", 0}}, .tls_certificate = folder / certificate, .tls_key = folder / key}, Router(),
        NoKeys());
  };
  EXPECT_THAT(open("none", "key.pem"), IsErrorWith(ErrorCode::kInvalidArgument, "TLS certificate"));
  EXPECT_THAT(open("certificate.pem", "text"), IsErrorWith(ErrorCode::kInvalidArgument, "TLS key"));
  EXPECT_THAT(
      Server::Open({.listen = {{"127.0.0.1", 0}}, .tls_certificate = folder / "certificate.pem"}, Router(), NoKeys()),
      IsErrorWith(ErrorCode::kInvalidArgument, "both"));
}

}  // namespace
}  // namespace sightline::http
