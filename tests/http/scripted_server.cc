// SPDX-License-Identifier: BSD-3-Clause
#include "tests/http/scripted_server.h"

#include <atomic>
#include <thread>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>

namespace sightline::http {

namespace asio = boost::asio;
using asio::ip::tcp;

struct ScriptedServer::Impl {
  Impl(Script answers, const std::optional<TlsIdentity>& identity)
      : script(std::move(answers)), acceptor(context, tcp::endpoint(asio::ip::make_address("127.0.0.1"), 0)) {
    if (!identity) return;
    tls.emplace(asio::ssl::context::tls_server);
    tls->use_certificate_chain(asio::buffer(identity->certificate));
    tls->use_private_key(asio::buffer(identity->key), asio::ssl::context::pem);
  }

  void Serve() {
    for (;;) {
      boost::system::error_code error;
      tcp::socket socket(context);
      acceptor.accept(socket, error);
      if (error || stopping) return;
      if (!tls) {
        Answer(socket);
        continue;
      }
      asio::ssl::stream<tcp::socket> stream(std::move(socket), *tls);
      stream.handshake(asio::ssl::stream_base::server, error);
      if (error) continue;
      Answer(stream);
      stream.shutdown(error);
    }
  }

  template <typename Stream>
  void Answer(Stream& stream) {
    boost::system::error_code error;
    std::string head;
    asio::read_until(stream, asio::dynamic_buffer(head), "\r\n\r\n", error);
    {
      const std::lock_guard lock(mutex);
      requests.push_back(head);
    }
    asio::write(stream, asio::buffer(script(head)), error);
  }

  const Script script;
  asio::io_context context;
  tcp::acceptor acceptor;
  std::optional<asio::ssl::context> tls;
  std::atomic<bool> stopping = false;
  mutable std::mutex mutex;
  std::vector<std::string> requests;
  std::jthread thread;
};

ScriptedServer::ScriptedServer(Script script, const std::optional<TlsIdentity>& identity)
    : impl_(std::make_unique<Impl>(std::move(script), identity)) {
  impl_->thread = std::jthread([impl = impl_.get()] { impl->Serve(); });
}

ScriptedServer::~ScriptedServer() {
  impl_->stopping = true;
  boost::system::error_code ignored;
  asio::io_context context;
  tcp::socket(context).connect(impl_->acceptor.local_endpoint(), ignored);  // Wakes it up.
  impl_->thread.join();
}

uint16_t ScriptedServer::port() const { return impl_->acceptor.local_endpoint().port(); }

std::string ScriptedServer::Url(const std::string& target) const {
  return std::string(impl_->tls ? "https" : "http") + "://127.0.0.1:" + std::to_string(port()) + target;
}

std::vector<std::string> ScriptedServer::requests() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->requests;
}

std::string ScriptedServer::Ok(const std::string& body) {
  return "HTTP/1.1 200 OK\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

std::string ScriptedServer::Redirect(const std::string& location) {
  return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + location + "\r\n\r\n";
}

}  // namespace sightline::http
