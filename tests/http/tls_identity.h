// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>

namespace sightline::http {

/// A certificate and its key, as PEM.
struct TlsIdentity {
  std::string certificate;
  std::string key;
};

/// A new certificate that signs itself and is valid for a day.
/// @param names  as OpenSSL has them: "IP:127.0.0.1,DNS:localhost".
TlsIdentity MakeTlsIdentity(const std::string& names);

}  // namespace sightline::http
