// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>

#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/router.h"
#include "http/task_pool.h"

/// Routes in the shapes that other services made known, so that their clients work with this one (docs/HTTP_API.md).
namespace sightline::http {

/// What the routes work with. All must outlive the router.
struct CompatApi {
  Host& host;
  TaskPool& pool;  ///< Where requests are read and encoded.
  const ImageFetcher& fetcher;
  size_t max_body_bytes = 64u << 20;
};

/// POST /v1/embeddings, as OpenAI's clients send it: texts, and pictures as Jina's clients send them.
void AddEmbeddingsRoute(Router& router, const CompatApi& api);

/// POST /v1/rerank and /v2/rerank, as Cohere's and Jina's clients send them: texts, pictures and items.
void AddRerankRoutes(Router& router, const CompatApi& api);

/// POST /knn-service and GET /indices-list, as the clip-retrieval client sends them.
void AddKnnRoutes(Router& router, const CompatApi& api);

}  // namespace sightline::http
