// SPDX-License-Identifier: BSD-3-Clause
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <cstdio>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/interrupt.h"
#include "app/service.h"
#include "app/service_options.h"
#include "base/log.h"

namespace sightline::app {
namespace {

constexpr const char* kExamples =
    "Examples:\n"
    "  sightline serve                                    (then: http://127.0.0.1:8080)\n"
    "  sightline serve --listen 0.0.0.0:8443 --tls-cert chain.pem --tls-key key.pem\n"
    "  sightline serve --config sightline.toml --print-config\n"
    "While it runs, every other command on the same data folder works through it.";

struct ServeFlags {
  std::vector<std::string> listen;
  std::vector<std::string> roots;
  std::string tls_cert;
  std::string tls_key;
  std::string model;
  std::string precision;
  bool insecure = false;
};

void PutFlags(const ServeFlags& flags, Config& config) {
  const auto put = [](const auto& given, auto& setting) {
    if (!given.empty()) setting = given;
  };
  put(flags.listen, config.server.listen);
  put(flags.roots, config.media.roots);
  put(flags.tls_cert, config.server.tls_cert);
  put(flags.tls_key, config.server.tls_key);
  put(flags.model, config.data.model);
  put(flags.precision, config.data.precision);
  if (flags.insecure) config.server.insecure = true;
}

void WaitFor(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any never;
  std::unique_lock lock(mutex);
  never.wait(lock, stop, [] { return false; });
}

Result<ExitCode> RunServe(const Session& session) {
  SetLogLevel(ParseLogLevel(session.config.log.level).value_or(LogLevel::kInfo));
  SetLogFormat(ParseLogFormat(session.config.log.format).value_or(LogFormat::kText));
  ::signal(SIGPIPE, SIG_IGN);  // A client that has gone is an error of its connection.
  const InterruptHandler interrupt(session, "stopping: finishing what is in hand (again Ctrl-C: quit at once)");
  SL_ASSIGN_OR_RETURN(const auto service, Service::Open(session));
  for (const std::string& address : service->Addresses()) fmt::print(session.io.out, "listening on {}\n", address);
  std::fflush(session.io.out);
  WaitFor(interrupt.token());
  if (!service->Stop(Milliseconds(session.config.server.stop_grace_s))) {
    fmt::print(session.io.err, "sightline: a command that runs through this server does not end; it is cut off\n");
    ::_exit(static_cast<int>(ExitCode::kEnvironment));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddServeCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<ServeFlags>();
  CLI::App* command = app.add_subcommand("serve", "Serve search over HTTP, with a page for people");
  command->add_option("--listen", flags->listen, "ADDRESS:PORT; may be repeated (default: 127.0.0.1:8080)")
      ->allow_extra_args(false);
  command->add_option("--root", flags->roots, "Folder whose files may be named over HTTP; may be repeated")
      ->allow_extra_args(false);
  command->add_option("--tls-cert", flags->tls_cert, "Certificate chain (PEM), for HTTPS");
  command->add_option("--tls-key", flags->tls_key, "Its key (PEM)");
  command->add_option("--model", flags->model, "Model directory (default: sightline-small)");
  command->add_option("--precision", flags->precision, "fp32 or bf16")->check(CLI::IsMember({"fp32", "bf16"}));
  command->add_flag("--insecure", flags->insecure, "Listen where others can reach it, without API keys");
  command->footer(kExamples);
  command->callback([flags, &session] {
    session.put_flags = [flags](Config& config) { PutFlags(*flags, config); };
    session.run = [&session] { return RunServe(session); };
  });
}

}  // namespace sightline::app
