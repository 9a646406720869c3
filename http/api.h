// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include "http/host.h"
#include "http/job_service.h"
#include "http/media_store.h"
#include "http/path_roots.h"
#include "http/router.h"
#include "http/task_pool.h"
#include "indexer/indexer.h"

namespace sightline::http {

/// What the routes of collections, items and jobs work with. All must outlive the router.
struct Api {
  Host& host;
  TaskPool& pool;  ///< Where their work is done.
  JobService& jobs;
  MediaStore& media;
  const PathRoots& roots;            ///< Files of this machine that clients may name.
  indexer::IndexOptions indexing{};  ///< For what does not say otherwise; its decode_threads are a job's.
  size_t max_upload_bytes = 64 << 20;
};

/// GET /v1/collections; PUT, GET and DELETE /v1/collections/{c}.
void AddCollectionRoutes(Router& router, const Api& api);
/// GET and POST /v1/collections/{c}/items; GET, PATCH and DELETE /v1/collections/{c}/items/{id}.
void AddItemRoutes(Router& router, const Api& api);
/// GET and POST /v1/collections/{c}/jobs; GET and DELETE /v1/collections/{c}/jobs/{id}.
void AddJobRoutes(Router& router, const Api& api);
/// GET /v1/items/{c}/{id}/thumbnail, media and frame.
void AddMediaRoutes(Router& router, const Api& api);
/// GET /openapi.json.
void AddOpenApiRoute(Router& router);

/// The OpenAPI document as it is served.
std::string_view OpenApiDocument();

}  // namespace sightline::http
