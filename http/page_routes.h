// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "http/router.h"

namespace sightline::http {

/// What the page may do: load its own files and ask its own server, and nothing else. Scripts and styles stand in files
/// of their own, so nothing that a file name or a caption says can become one.
extern const char* const kPagePolicy;

/// The search page: GET / and GET /page/{file}. They are open: the page asks for a key where the other routes do.
/// Every answer has an ETag made from the content and is revalidated, so that a new version is seen at once.
void AddPageRoutes(Router& router);

}  // namespace sightline::http
