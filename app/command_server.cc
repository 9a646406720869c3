// SPDX-License-Identifier: BSD-3-Clause
#include "app/command_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <utility>

#include <fmt/format.h>

#include "app/command_wire.h"
#include "app/unix_socket.h"
#include "app/version.h"
#include "base/file_io.h"
#include "base/guard.h"
#include "base/log.h"

namespace sightline::app {
namespace {

void Signal(const OwnedFd& event) {
  const uint64_t one = 1;
  while (::write(event.get(), &one, sizeof(one)) < 0 && errno == EINTR) {
  }
}

CommandAnswer Refusal(std::string reason) { return {.accepted = false, .exit_code = 0, .reason = std::move(reason)}; }

struct FileCloser {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using OwnedFile = std::unique_ptr<std::FILE, FileCloser>;

// A descriptor that cannot be used this way (nohup hands over a standard input for writing) stands for nothing.
OwnedFile FileOf(OwnedFd fd, const char* mode) {
  if (std::FILE* const file = ::fdopen(fd.get(), mode)) {
    fd.Release();
    return OwnedFile(file);
  }
  return OwnedFile(std::fopen("/dev/null", mode));
}

// The streams of a client; what was written is out when they are gone.
struct OwnedStreams {
  OwnedFile in;
  OwnedFile out;
  OwnedFile err;

  explicit OwnedStreams(HandedOver& handed)
      : in(FileOf(std::move(handed.in), "r")),
        out(FileOf(std::move(handed.out), "w")),
        err(FileOf(std::move(handed.err), "w")) {
    if (err) std::setvbuf(err.get(), nullptr, _IONBF, 0);  // as a program's own
  }
  bool all() const { return in && out && err; }
};

bool IsHere(int folder) {
  struct stat there = {};
  struct stat here = {};
  return ::fstat(folder, &there) == 0 && ::stat(".", &here) == 0 && there.st_dev == here.st_dev &&
         there.st_ino == here.st_ino;
}

// Note [A folder per thread]: commands open relative paths all over the program, and the threads that they start do so
// too. Linux can give a thread a working folder that it shares with nobody but the threads it starts from then on, so
// nothing below has to know whose paths it opens. Containers may forbid the call; then only clients that are where the
// server is can be served.
Status EnterFolder(int folder) {
  if (::unshare(CLONE_FS) == 0) {
    if (::fchdir(folder) == 0) return {};
    return tl::unexpected(ErrnoError(errno, "enter", "the folder that the command was given in"));
  }
  if (IsHere(folder)) return {};
  return Fail(
      ErrorCode::kUnsupported,
      "the server may not work in other folders than its own (unshare is forbidden, as in many containers): run "
      "the command from the server's working folder");
}

CommandAnswer RunHanded(const CommandServer::Options& options, ReceivedCommand& command, const std::stop_token& stop) {
  if (const Status entered = EnterFolder(command.handed.folder.get()); !entered) {
    return Refusal(entered.error().message);
  }
  const OwnedStreams streams(command.handed);
  if (!streams.all()) return Refusal("the server has too many open files");
  Session session;
  session.io = {.in = streams.in.get(), .out = streams.out.get(), .err = streams.err.get()};
  session.environment = Environment(std::move(command.message.variables));
  session.stop = stop;
  return {.accepted = true, .exit_code = options.run(command.message.arguments, session), .reason = {}};
}

// Waits for the command's end, and meanwhile for what the client says.
void Watch(const OwnedFd& socket, const OwnedFd& done, std::stop_source& stop) {
  std::array<pollfd, 2> wait = {pollfd{done.get(), POLLIN, 0}, pollfd{socket.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    if (wait[0].revents != 0) return;
    if (wait[1].revents == 0) continue;
    std::array<char, 64> bytes{};
    const ssize_t size = ::recv(socket.get(), bytes.data(), bytes.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) continue;
    stop.request_stop();
    if (size <= 0) wait[1].fd = -1;  // The client has gone: there is nothing more to hear.
  }
}

bool IsTrusted(int socket) {
  ucred peer = {};
  socklen_t size = sizeof(peer);
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) return false;
  return peer.uid == ::geteuid() || peer.uid == 0;
}

CommandAnswer RunWatched(const CommandServer::Options& options, const OwnedFd& socket, const std::stop_token& all) {
  if (!IsTrusted(socket.get())) return Refusal("the server belongs to another user");
  auto command = ReceiveCommand(socket.get());
  if (!command) return Refusal(command.error().message);
  if (command->message.version != BuildVersion()) {
    return Refusal(
        fmt::format("the server that has the collections is sightline {}, this program is {}: restart the "
                    "server, or use its program",
                    BuildVersion(), command->message.version));
  }
  const OwnedFd done(::eventfd(0, EFD_CLOEXEC));
  if (!done) return Refusal("the server has too many open files");
  std::stop_source stop;
  const std::stop_callback stop_with_server(all, [&stop] { stop.request_stop(); });
  CommandAnswer answer;
  std::jthread worker([&] {
    answer = RunHanded(options, *command, stop.get_token());
    Signal(done);
  });
  Watch(socket, done, stop);
  worker.join();
  return answer;
}

}  // namespace

Result<std::unique_ptr<CommandServer>> CommandServer::Open(Options options) {
  OwnedFd wake(::eventfd(0, EFD_CLOEXEC));
  if (!wake) return tl::unexpected(ErrnoError(errno, "make", "an event descriptor"));
  SL_ASSIGN_OR_RETURN(OwnedFd listener, ListenAt(options.socket));
  return std::unique_ptr<CommandServer>(new CommandServer(std::move(options), std::move(listener), std::move(wake)));
}

CommandServer::CommandServer(Options options, OwnedFd listener, OwnedFd wake)
    : options_(std::move(options)), listener_(std::move(listener)), wake_(std::move(wake)) {
  acceptor_ = std::jthread([this] { Accept(); });
}

CommandServer::~CommandServer() {
  Stop(std::chrono::milliseconds(0));  // the threads of commands that are not over are waited for
}

bool CommandServer::Stop(std::chrono::milliseconds grace) {
  Signal(wake_);
  if (acceptor_.joinable()) {
    acceptor_.join();
    ::unlink(options_.socket.c_str());  // Nobody shall find it any more.
  }
  stop_.request_stop();
  std::unique_lock lock(mutex_);
  return ended_.wait_for(lock, grace, [this] {
    return std::all_of(clients_.begin(), clients_.end(), [](const Client& client) { return client.ended; });
  });
}

size_t CommandServer::running() const {
  const std::lock_guard lock(mutex_);
  return static_cast<size_t>(
      std::count_if(clients_.begin(), clients_.end(), [](const Client& client) { return !client.ended; }));
}

void CommandServer::Accept() {
  std::array<pollfd, 2> wait = {pollfd{wake_.get(), POLLIN, 0}, pollfd{listener_.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(wait.data(), wait.size(), -1) < 0) continue;
    if (wait[0].revents != 0) return;
    OwnedFd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (socket) {
      Start(std::move(socket));
    } else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS) {
      Log(LogLevel::kWarning, "the server has too many open files to take a command line");
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    }
  }
}

void CommandServer::Start(OwnedFd socket) {
  const std::lock_guard lock(mutex_);
  clients_.remove_if([](const Client& client) { return client.ended; });
  if (clients_.size() >= options_.most_commands) {
    // Nobody waits for a client that does not take this.
    static_cast<void>(SendAnswer(socket.get(), Refusal("the server runs too many commands; try again later")));
    return;
  }
  const auto client = clients_.emplace(clients_.end());
  client->thread = std::jthread([this, client, socket = std::move(socket)]() mutable {
    Serve(OwnedFd(std::move(socket)));  // Closed before the client counts as ended.
    const std::lock_guard end(mutex_);
    client->ended = true;
    ended_.notify_all();
  });
}

void CommandServer::Serve(const OwnedFd& socket) {
  const auto answer = Guard("run a command of the local socket",
                            [&]() -> Result<CommandAnswer> { return RunWatched(options_, socket, stop_.get_token()); });
  const Status sent = SendAnswer(socket.get(), answer ? *answer : Refusal(answer.error().message));
  if (!sent) Log(LogLevel::kDebug, "a command line has gone before its command ended");
}

}  // namespace sightline::app
