// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "app/owned_fd.h"
#include "app/session.h"
#include "base/result.h"

namespace sightline::app {

/// Runs the command lines of others in this process, on their streams, with their variables and from their folder
/// (command_wire.h): those that found a server in possession of their collection. Every command has a thread of its
/// own. A client that is told to stop, or that goes away, stops its command. Thread-safe.
class CommandServer {
 public:
  struct Options {
    std::filesystem::path socket;  ///< Absolute. Only this user, and root, may use it.
    size_t most_commands = 64;     ///< At a time; more are refused.
    /// Runs one command; `arguments` has the program's name first. Called in the command's own thread, whose working
    /// folder is the client's. Must not throw.
    std::function<int(const std::vector<std::string>& arguments, Session& session)> run;
  };

  /// Listens when it returns. The caller knows that no other process listens there. Errors: those of ListenAt.
  static Result<std::unique_ptr<CommandServer>> Open(Options options);
  /// As Stop, however long that takes.
  ~CommandServer();
  CommandServer(const CommandServer&) = delete;
  CommandServer& operator=(const CommandServer&) = delete;

  /// Takes no more commands, asks those that run to stop, and waits for their end.
  /// @return whether all have ended: one whose output nobody reads may not.
  bool Stop(std::chrono::milliseconds grace);

  size_t running() const;

 private:
  struct Client {
    std::jthread thread;
    bool ended = false;  ///< Its thread can be joined at once.
  };

  CommandServer(Options options, OwnedFd listener, OwnedFd wake);
  void Accept();
  void Start(OwnedFd socket);
  void Serve(const OwnedFd& socket);

  const Options options_;
  const OwnedFd listener_;
  const OwnedFd wake_;  ///< An eventfd: ends the acceptor.
  std::stop_source stop_;
  mutable std::mutex mutex_;
  std::condition_variable ended_;
  std::list<Client> clients_;
  std::jthread acceptor_;
};

}  // namespace sightline::app
