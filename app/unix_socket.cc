// SPDX-License-Identifier: BSD-3-Clause
#include "app/unix_socket.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include <fmt/format.h>

#include "base/file_io.h"

namespace sightline::app {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 64;
constexpr size_t kMostDescriptors = 8;
constexpr std::chrono::seconds kSendPatience{10};

// The address of a socket. A path that is too long for the kernel goes by way of its folder's descriptor, which must
// stay open while the address is used.
struct Address {
  sockaddr_un name{};
  OwnedFd folder;
};

Result<Address> AddressOf(const fs::path& path) {
  Address address;
  address.name.sun_family = AF_UNIX;
  std::string text = path.string();
  if (text.size() >= sizeof(address.name.sun_path)) {
    address.folder = OwnedFd(::open(path.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!address.folder) return tl::unexpected(ErrnoError(errno, "open the folder of the socket", path));
    text = fmt::format("/proc/self/fd/{}/{}", address.folder.get(), path.filename().string());
  }
  if (text.size() >= sizeof(address.name.sun_path)) {
    return Fail(ErrorCode::kUnavailable, fmt::format("{}: the name is too long for a socket", path.string()));
  }
  std::memcpy(address.name.sun_path, text.c_str(), text.size() + 1);
  return address;
}

Result<OwnedFd> MakeSocket() {
  OwnedFd made(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!made) return tl::unexpected(ErrnoError(errno, "make", "a local socket"));
  return made;
}

tl::unexpected<Error> Unavailable(int error, const char* what, const fs::path& path) {
  Error failure = ErrnoError(error, what, path);
  failure.code = ErrorCode::kUnavailable;
  return tl::unexpected<Error>(std::move(failure));
}

Status WaitFor(int socket, short events, std::chrono::milliseconds patience) {
  pollfd wait = {.fd = socket, .events = events, .revents = 0};
  int ready = 0;
  do {
    ready = ::poll(&wait, 1, static_cast<int>(patience.count()));
  } while (ready < 0 && errno == EINTR);
  if (ready == 1) return {};
  return Fail(ErrorCode::kUnavailable, "the other side of the local socket does not answer");
}

void PutDescriptors(std::span<const int> fds, std::span<char> control, msghdr& message) {
  message.msg_control = control.data();
  message.msg_controllen = CMSG_SPACE(fds.size_bytes());
  cmsghdr* const header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(fds.size_bytes());
  std::memcpy(CMSG_DATA(header), fds.data(), fds.size_bytes());
}

// Owns what came, also where nobody wants it.
std::vector<OwnedFd> TakeDescriptors(msghdr& message) {
  std::vector<OwnedFd> taken;
  for (cmsghdr* header = CMSG_FIRSTHDR(&message); header != nullptr; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    const size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(header) + i * sizeof(int), sizeof(int));
      taken.emplace_back(fd);
    }
  }
  return taken;
}

}  // namespace

Result<OwnedFd> ListenAt(const fs::path& path) {
  SL_ASSIGN_OR_RETURN(OwnedFd socket, MakeSocket());
  // The mode of the socket becomes the mode of the file, so that it never has another one.
  if (::fchmod(socket.get(), 0600) != 0) return Unavailable(errno, "restrict the socket", path);
  SL_ASSIGN_OR_RETURN(const Address address, AddressOf(path));
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return Unavailable(errno, "replace the socket", path);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof(address.name)) != 0) {
    return Unavailable(errno, "make the socket", path);
  }
  if (::listen(socket.get(), kBacklog) != 0) return Unavailable(errno, "listen at", path);
  return socket;
}

Result<OwnedFd> ConnectTo(const fs::path& path) {
  SL_ASSIGN_OR_RETURN(OwnedFd socket, MakeSocket());
  auto address = AddressOf(path);
  if (!address) return Fail(ErrorCode::kNotFound, std::move(address).error().message);
  while (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address->name), sizeof(address->name)) != 0) {
    if (errno == EINTR) continue;
    if (errno == ENOENT || errno == ECONNREFUSED || errno == ENOTDIR || errno == ENOTSOCK) {
      return Fail(ErrorCode::kNotFound, fmt::format("{}: nobody listens there", path.string()));
    }
    return Unavailable(errno, "connect to the server at", path);
  }
  return socket;
}

Status SendAll(int socket, std::string_view bytes, std::span<const int> fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
  while (!bytes.empty()) {
    iovec part = {.iov_base = const_cast<char*>(bytes.data()), .iov_len = bytes.size()};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (!fds.empty()) PutDescriptors(fds, control, message);
    const ssize_t sent = ::sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent > 0) {
      bytes.remove_prefix(static_cast<size_t>(sent));
      fds = {};
    } else if (errno == EAGAIN) {
      SL_RETURN_IF_ERROR(WaitFor(socket, POLLOUT, kSendPatience));
    } else if (errno != EINTR) {
      return Unavailable(errno, "send to", "the local socket");
    }
  }
  return {};
}

Result<std::string> ReceiveExactly(int socket, size_t size, std::chrono::milliseconds patience,
                                   std::vector<OwnedFd>* fds) {
  alignas(cmsghdr) std::array<char, CMSG_SPACE(kMostDescriptors * sizeof(int))> control{};
  std::string bytes(size, '\0');
  for (size_t have = 0; have < size;) {
    SL_RETURN_IF_ERROR(WaitFor(socket, POLLIN, patience));
    iovec part = {.iov_base = bytes.data() + have, .iov_len = size - have};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t received = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (received < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (received < 0) return Unavailable(errno, "receive from", "the local socket");
    if (received == 0) return Fail(ErrorCode::kUnavailable, "the other side of the local socket is gone");
    std::vector<OwnedFd> came = TakeDescriptors(message);
    if ((message.msg_flags & MSG_CTRUNC) != 0) {
      return Fail(ErrorCode::kInvalidArgument, "too many descriptors came through the local socket");
    }
    if (fds != nullptr) std::move(came.begin(), came.end(), std::back_inserter(*fds));
    have += static_cast<size_t>(received);
  }
  return bytes;
}

}  // namespace sightline::app
