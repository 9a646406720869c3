// SPDX-License-Identifier: BSD-3-Clause
#include "app/command_wire.h"

#include <chrono>
#include <cstdint>
#include <utility>

#include "app/unix_socket.h"

namespace sightline::app {
namespace {

constexpr std::string_view kGreeting = "sightline command 1\n";
constexpr size_t kSizeBytes = 8;
constexpr uint64_t kMostBytes = 8u << 20;
constexpr size_t kDescriptors = 4;
constexpr std::chrono::milliseconds kPatience{10'000};

void PutNumber(uint64_t number, std::string& out) {
  for (size_t i = 0; i < kSizeBytes; ++i) out += static_cast<char>((number >> (8 * i)) & 0xFF);
}

void PutList(const std::vector<std::string>& list, std::string& out) {
  PutNumber(list.size(), out);
  for (const std::string& text : list) {
    PutNumber(text.size(), out);
    out += text;
  }
}

tl::unexpected<Error> NoCommand() {
  return Fail(ErrorCode::kInvalidArgument, "what came through the local socket is no command line");
}

// Reads from the front of `bytes`, which shrinks.
Result<uint64_t> TakeNumber(std::string_view& bytes) {
  if (bytes.size() < kSizeBytes) return NoCommand();
  uint64_t number = 0;
  for (size_t i = 0; i < kSizeBytes; ++i) number |= uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  bytes.remove_prefix(kSizeBytes);
  return number;
}

Result<std::string> TakeText(std::string_view& bytes) {
  SL_ASSIGN_OR_RETURN(const uint64_t size, TakeNumber(bytes));
  if (size > bytes.size()) return NoCommand();
  std::string text(bytes.substr(0, size));
  bytes.remove_prefix(size);
  return text;
}

Result<std::vector<std::string>> TakeList(std::string_view& bytes) {
  SL_ASSIGN_OR_RETURN(const uint64_t count, TakeNumber(bytes));
  std::vector<std::string> list;
  for (uint64_t i = 0; i < count; ++i) {  // ends with the bytes, whatever the count says
    SL_ASSIGN_OR_RETURN(std::string text, TakeText(bytes));
    list.push_back(std::move(text));
  }
  return list;
}

Result<CommandMessage> Decode(std::string_view bytes) {
  CommandMessage message;
  SL_ASSIGN_OR_RETURN(message.version, TakeText(bytes));
  SL_ASSIGN_OR_RETURN(message.arguments, TakeList(bytes));
  SL_ASSIGN_OR_RETURN(const std::vector<std::string> variables, TakeList(bytes));
  for (const std::string& variable : variables) {
    const size_t equals = variable.find('=');
    if (equals == std::string::npos) return NoCommand();
    message.variables.emplace(variable.substr(0, equals), variable.substr(equals + 1));
  }
  if (!bytes.empty() || message.arguments.empty()) return NoCommand();
  return message;
}

Result<std::string> ReceiveSized(int socket, std::chrono::milliseconds patience) {
  SL_ASSIGN_OR_RETURN(const std::string head, ReceiveExactly(socket, kSizeBytes, patience));
  std::string_view rest = head;
  SL_ASSIGN_OR_RETURN(const uint64_t size, TakeNumber(rest));
  if (size > kMostBytes) return NoCommand();
  return ReceiveExactly(socket, size, kPatience);
}

}  // namespace

Status SendCommand(int socket, const CommandMessage& message, std::span<const int> fds) {
  std::string body;
  PutNumber(message.version.size(), body);
  body += message.version;
  PutList(message.arguments, body);
  std::vector<std::string> variables;
  for (const auto& [name, value] : message.variables) variables.push_back(name + "=" + value);
  PutList(variables, body);
  if (body.size() > kMostBytes) return Fail(ErrorCode::kResourceExhausted, "the command line is longer than 8 MiB");
  std::string bytes(kGreeting);
  PutNumber(body.size(), bytes);
  return SendAll(socket, bytes + body, fds);
}

Result<ReceivedCommand> ReceiveCommand(int socket) {
  std::vector<OwnedFd> fds;
  SL_ASSIGN_OR_RETURN(const std::string greeting, ReceiveExactly(socket, kGreeting.size(), kPatience, &fds));
  if (greeting != kGreeting || fds.size() != kDescriptors) return NoCommand();
  SL_ASSIGN_OR_RETURN(const std::string body, ReceiveSized(socket, kPatience));
  SL_ASSIGN_OR_RETURN(CommandMessage message, Decode(body));
  return ReceivedCommand{
      std::move(message),
      {.in = std::move(fds[0]), .out = std::move(fds[1]), .err = std::move(fds[2]), .folder = std::move(fds[3])}};
}

Status SendAnswer(int socket, const CommandAnswer& answer) {
  std::string body;
  PutNumber(answer.accepted ? 1 : 0, body);
  PutNumber(static_cast<uint64_t>(answer.exit_code), body);
  PutNumber(answer.reason.size(), body);
  body += answer.reason;
  std::string bytes;
  PutNumber(body.size(), bytes);
  return SendAll(socket, bytes + body);
}

Result<CommandAnswer> ReceiveAnswer(int socket) {
  constexpr std::chrono::milliseconds kForever{-1};
  SL_ASSIGN_OR_RETURN(const std::string body, ReceiveSized(socket, kForever));
  std::string_view rest = body;
  CommandAnswer answer;
  SL_ASSIGN_OR_RETURN(const uint64_t accepted, TakeNumber(rest));
  SL_ASSIGN_OR_RETURN(const uint64_t exit_code, TakeNumber(rest));
  SL_ASSIGN_OR_RETURN(answer.reason, TakeText(rest));
  answer.accepted = accepted == 1;
  answer.exit_code = static_cast<int>(exit_code);
  return answer;
}

}  // namespace sightline::app
