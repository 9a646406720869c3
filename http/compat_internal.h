// SPDX-License-Identifier: BSD-3-Clause
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include <boost/json.hpp>

#include "http/host.h"
#include "http/image_fetcher.h"
#include "http/message.h"
#include "http/problem.h"
#include "http/task_pool.h"
#include "query/content.h"

/// What the compatibility routes have in common.
namespace sightline::http {

/// A handler that does `work` on the pool and answers its problems.
Handler AnswerOnPool(TaskPool& pool, std::function<ProblemOr<Response>(const Request&)> work);

/// 400 about a field.
tl::unexpected<Problem> Refuse(std::string field, std::string message);
/// An error of ours that a field of the request led to.
tl::unexpected<Problem> WithField(Error error, std::string field);
/// A server that was started without a model.
tl::unexpected<Problem> NoModel();

/// Opens a collection that the asker may read. Errors: 403 (it may not, whether there is one or not), those of
/// Host::Find.
ProblemOr<std::shared_ptr<HostedCollection>> FindReadable(Host& host, const Principal& principal, std::string_view name,
                                                          std::string field);

/// How texts and pictures of one request are read. Remembers how many pictures there were, because each costs more than
/// a text. Confined to one request; the fetcher must outlive it.
class ContentReading {
 public:
  static constexpr size_t kMaxPictures = 128;

  ContentReading(int image_res, const ImageFetcher& fetcher, Limits limits)
      : image_res_(image_res), fetcher_(fetcher), limits_(std::move(limits)) {}

  /// A picture as ReadPicture takes it, as model pixels. Errors: also kInvalidArgument (more than kMaxPictures).
  ProblemOr<query::Content> Picture(const boost::json::value& value, std::string field) const;

 private:
  const int image_res_;
  const ImageFetcher& fetcher_;
  const Limits limits_;
  mutable size_t pictures_ = 0;
};

/// A text. Errors: kInvalidArgument (empty, longer than 64 kB, not UTF-8).
ProblemOr<query::Content> ReadText(std::string_view text, std::string field);

/// {"text": ...}, {"image": ...}, {"image_url": ...} or {"url": ...}, alone or with fields that mean nothing to us.
/// Errors: kInvalidArgument, and those of ContentReading.
ProblemOr<query::Content> ReadContentObject(const boost::json::object& object, const std::string& field,
                                            const ContentReading& reading);

}  // namespace sightline::http
