// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <string>
#include <string_view>

#include "http/answer_plan.h"
#include "http/server.h"

namespace sightline::http {

/// The head of an answer: status line and fields, those that every answer has included.
std::string AnswerHead(const AnswerPlan& plan, const Request& request, const ServerOptions& options,
                       std::string_view date, bool keep_alive);

/// Whether a page of `origin` may call by the configuration.
bool IsAllowedOrigin(const ServerOptions& options, std::string_view origin);

}  // namespace sightline::http
