// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "app/environment.h"
#include "app/owned_fd.h"
#include "base/result.h"

/// What a command line and a server say to each other through the server's local socket. Both are the same program, so
/// the format has no versions: what differs is refused (docs/ARCHITECTURE.md, section 6).
///
/// Client: "sightline command 1\n", size (8 bytes, little endian), then so many bytes: lists of strings, each with its
/// count, each string with its size. With the first byte come four descriptors: the client's standard input, output and
/// error, and its working folder. After that, one byte for every request to stop. Server: one CommandAnswer.
namespace sightline::app {

/// A command line that a client wants to have run.
struct CommandMessage {
  std::string version;                 ///< BuildVersion() of the client.
  std::vector<std::string> arguments;  ///< The program's name first.
  Environment::Variables variables;    ///< Those that commands look at.
};

/// What came with it. All four are there.
struct HandedOver {
  OwnedFd in;
  OwnedFd out;
  OwnedFd err;
  OwnedFd folder;
};

struct ReceivedCommand {
  CommandMessage message;
  HandedOver handed;
};

struct CommandAnswer {
  bool accepted = false;  ///< False: the command did not run; `reason` says why.
  int exit_code = 0;
  std::string reason;
};

/// Sent by a client that was told to stop.
constexpr char kStopByte = 's';

/// @param fds  as in HandedOver, in its order. Errors: kUnavailable, kResourceExhausted (a command line of more than 8
/// MiB).
Status SendCommand(int socket, const CommandMessage& message, std::span<const int> fds);
/// Errors: kUnavailable (gone, or too slow), kInvalidArgument (something else was sent).
Result<ReceivedCommand> ReceiveCommand(int socket);

Status SendAnswer(int socket, const CommandAnswer& answer);
/// Waits as long as the command runs. Errors: kUnavailable (the server is gone).
Result<CommandAnswer> ReceiveAnswer(int socket);

}  // namespace sightline::app
