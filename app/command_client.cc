// SPDX-License-Identifier: BSD-3-Clause
#include "app/command_client.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <array>
#include <cerrno>
#include <filesystem>
#include <utility>

#include "app/command_wire.h"
#include "app/data_dir.h"
#include "app/unix_socket.h"
#include "app/version.h"
#include "base/file_io.h"
#include "storage/lock_file.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

// Where servers may listen that have what the command needs: for the whole data folder, or for a collection in it that
// belongs to another data folder by a link.
Result<std::vector<std::string>> SocketsFor(const Session& session) {
  std::vector<std::string> sockets;
  const auto data_dir = ResolveDataDir(session.globals.data_dir, session.environment);
  if (!data_dir) return sockets;  // The command itself says so better.
  const auto add = [&sockets](const fs::path& folder) {
    const auto record = storage::ReadLockRecord(folder);
    if (record && !record->socket.empty()) sockets.push_back(record->socket);
  };
  add(*data_dir);
  for (const std::string& name : *session.collections) {
    if (CheckCollectionName(name)) add(CollectionFolder(*data_dir, name));
  }
  return sockets;
}

Result<std::optional<OwnedFd>> FindServer(const Session& session) {
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> sockets, SocketsFor(session));
  for (const std::string& socket : sockets) {
    auto connected = ConnectTo(socket);
    if (connected) return std::optional(*std::move(connected));
    // A record outlives a server that was killed: then nobody listens.
    if (connected.error().code != ErrorCode::kNotFound) return tl::unexpected(std::move(connected).error());
  }
  return std::optional<OwnedFd>();
}

// Variables of this user that commands look at (data_dir.h, model_location.h, config.h).
Environment::Variables VariablesToSend(const Environment& environment) {
  Environment::Variables variables = environment.StartingWith("SIGHTLINE_");
  for (const char* const name : {"XDG_DATA_HOME", "HOME"}) {
    if (std::string value = environment.Get(name); !value.empty()) variables.emplace(name, std::move(value));
  }
  return variables;
}

// A stream that is closed stands for nothing.
class Handed {
 public:
  int Use(std::FILE* stream, int flags) {
    const int fd = ::fileno(stream);
    if (::fcntl(fd, F_GETFD) >= 0) return fd;
    return Own(::open("/dev/null", flags | O_CLOEXEC));
  }
  int Folder() { return Own(::open(".", O_PATH | O_DIRECTORY | O_CLOEXEC)); }

 private:
  int Own(int fd) { return owned_.emplace_back(fd).get(); }
  std::vector<OwnedFd> owned_;
};

Status Send(const Session& session, int socket, int argc, const char* const* argv) {
  Handed handed;
  const std::array<int, 4> fds = {handed.Use(session.io.in, O_RDONLY), handed.Use(session.io.out, O_WRONLY),
                                  handed.Use(session.io.err, O_WRONLY), handed.Folder()};
  if (fds[3] < 0) return tl::unexpected(ErrnoError(errno, "open", "the working folder"));
  return SendCommand(
      socket,
      {.version = BuildVersion(), .arguments = {argv, argv + argc}, .variables = VariablesToSend(session.environment)},
      fds);
}

// While it lives, SIGINT and SIGTERM come as something to read.
class SignalInbox {
 public:
  SignalInbox() {
    sigset_t wanted;
    ::sigemptyset(&wanted);
    ::sigaddset(&wanted, SIGINT);
    ::sigaddset(&wanted, SIGTERM);
    ::pthread_sigmask(SIG_BLOCK, &wanted, &before_);
    fd_ = OwnedFd(::signalfd(-1, &wanted, SFD_CLOEXEC | SFD_NONBLOCK));
  }
  ~SignalInbox() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalInbox(const SignalInbox&) = delete;
  SignalInbox& operator=(const SignalInbox&) = delete;

  int fd() const { return fd_.get(); }
  bool Take() {
    signalfd_siginfo info;
    return ::read(fd_.get(), &info, sizeof(info)) == sizeof(info);
  }

 private:
  sigset_t before_;
  OwnedFd fd_;
};

// Whether the answer is there: otherwise a second signal came.
bool WaitForAnswer(int socket, SignalInbox& signals) {
  bool told = false;
  std::array<pollfd, 2> wait = {pollfd{socket, POLLIN, 0}, pollfd{signals.fd(), POLLIN, 0}};
  for (;;) {
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    if (wait[0].revents != 0) return true;
    if (!signals.Take()) continue;
    if (told) return false;
    told = true;
    static_cast<void>(SendAll(socket, std::string_view(&kStopByte, 1)));  // a server that is gone is seen by poll
  }
}

}  // namespace

Result<std::optional<ExitCode>> RunInServer(const Session& session, int argc, const char* const* argv) {
  if (!session.collections) return std::optional<ExitCode>();
  SL_ASSIGN_OR_RETURN(const std::optional<OwnedFd> socket, FindServer(session));
  if (!socket) return std::optional<ExitCode>();
  SignalInbox signals;
  // A server that refuses the client may not read all of the command: what it says counts.
  const Status sent = Send(session, socket->get(), argc, argv);
  if (sent && !WaitForAnswer(socket->get(), signals)) return std::optional(ExitCode::kInterrupted);
  const auto answer = ReceiveAnswer(socket->get());
  if (!answer && !sent) return tl::unexpected(sent.error());
  if (!answer) return Fail(ErrorCode::kUnavailable, "the server that ran the command has ended before it");
  if (!answer->accepted) return Fail(ErrorCode::kFailedPrecondition, answer->reason);
  return std::optional(static_cast<ExitCode>(answer->exit_code));
}

}  // namespace sightline::app
