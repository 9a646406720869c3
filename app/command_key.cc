// SPDX-License-Identifier: BSD-3-Clause
#include <cstdio>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

#include "app/commands.h"
#include "app/data_dir.h"
#include "app/scratch_folder.h"
#include "app/text.h"
#include "http/key_file.h"

namespace sightline::app {
namespace {

namespace json = boost::json;

constexpr const char* kAddExamples =
    "Examples:\n"
    "  sightline key add laptop                          reads every collection\n"
    "  sightline key add uploader --admin -c photos      changes this collection, and sees no other\n"
    "Clients send the key as \"Authorization: Bearer KEY\". A running server knows it at once.";

struct KeyFlags {
  std::string name;
  bool admin = false;
  std::vector<std::string> collections;
  bool json = false;
};

const char* ScopeOf(const http::ApiKey& key) { return key.admin ? "admin" : "read"; }

Result<ExitCode> RunKeyAdd(const Session& session, const KeyFlags& flags) {
  for (const std::string& name : flags.collections) SL_RETURN_IF_ERROR(CheckCollectionName(name));
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  SL_RETURN_IF_ERROR(MakeFolders(data_dir));
  const http::NewKey wanted = {.name = flags.name, .admin = flags.admin, .collections = flags.collections};
  SL_ASSIGN_OR_RETURN(const std::string key, http::AddKey(http::KeyFilePath(data_dir), wanted));
  fmt::print(session.io.out, "{}\n", key);
  fmt::print(session.io.err, "this is the only time that the key is shown; sightline key revoke {} takes it back\n",
             flags.name);
  return ExitCode::kOk;
}

void PrintKeyJson(std::FILE* out, const http::ApiKey& key) {
  json::array collections;
  for (const std::string& name : key.collections) collections.emplace_back(name);
  const json::object object = {{"name", key.name},
                               {"begins", key.begins},
                               {"scope", ScopeOf(key)},
                               {"collections", std::move(collections)},
                               {"created_at", key.created_at}};
  fmt::print(out, "{}\n", json::serialize(object));
}

void PrintKey(std::FILE* out, const http::ApiKey& key) {
  fmt::print(out, "{:<24}  {}...  {:<5}  {}  {}\n", key.name, key.begins, ScopeOf(key), HumanTime(key.created_at),
             key.collections.empty() ? "all collections" : fmt::format("{}", fmt::join(key.collections, ", ")));
}

Result<ExitCode> RunKeyList(const Session& session, const KeyFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  SL_ASSIGN_OR_RETURN(const auto keys, http::ReadKeyFile(http::KeyFilePath(data_dir)));
  if (!keys) {
    fmt::print(session.io.err, "no keys: a server asks for none, and listens on this machine only\n");
    return ExitCode::kOk;
  }
  for (const http::ApiKey& key : *keys) flags.json ? PrintKeyJson(session.io.out, key) : PrintKey(session.io.out, key);
  if (keys->empty()) fmt::print(session.io.err, "no keys, but there were some: a server lets nobody in\n");
  return ExitCode::kOk;
}

Result<ExitCode> RunKeyRevoke(const Session& session, const KeyFlags& flags) {
  SL_ASSIGN_OR_RETURN(const auto data_dir, ResolveDataDir(session.globals.data_dir, session.environment));
  const auto file = http::KeyFilePath(data_dir);
  SL_ASSIGN_OR_RETURN(const size_t left, http::RevokeKey(file, flags.name));
  if (left == 0) {
    fmt::print(session.io.err,
               "that was the last one: a server lets nobody in now; add a key, or remove {} and start it again to do "
               "without\n",
               OneLine(file.string()));
  }
  return ExitCode::kOk;
}

}  // namespace

void AddKeyCommand(CLI::App& app, Session& session) {
  auto flags = std::make_shared<KeyFlags>();
  CLI::App* key = app.add_subcommand("key", "Who may use the server: add, list and revoke API keys");
  key->require_subcommand(1);

  CLI::App* add = key->add_subcommand("add", "Make a key and print it");
  add->add_option("name", flags->name, "What it is called in lists and logs")->required();
  add->add_flag("--admin", flags->admin, "It may change things; without, it only searches and reads");
  add->add_option("-c,--collection", flags->collections, "Only this collection (repeatable; default: all)");
  add->footer(kAddExamples);
  add->callback([flags, &session] { session.run = [flags, &session] { return RunKeyAdd(session, *flags); }; });

  CLI::App* list = key->add_subcommand("list", "The keys: name, first characters, scope, collections");
  list->add_flag("--json", flags->json, "One JSON object per line");
  list->callback([flags, &session] { session.run = [flags, &session] { return RunKeyList(session, *flags); }; });

  CLI::App* revoke = key->add_subcommand("revoke", "Take a key back; a running server refuses it at once");
  revoke->add_option("name", flags->name, "What it is called")->required();
  revoke->callback([flags, &session] { session.run = [flags, &session] { return RunKeyRevoke(session, *flags); }; });
}

}  // namespace sightline::app
