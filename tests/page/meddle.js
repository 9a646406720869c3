// SPDX-License-Identifier: BSD-3-Clause
// Runs in the page before its own scripts: notes every request, and lets a test be the network between page and server.
// A rule: {path, body?, times?} says which requests, {delay} waits before the answer is handed on (whether or not the
// page has given up), {fail} breaks the connection, {status, problem, headers} answers in the server's place, and
// {probabilities: [..]} replaces the match probabilities of the first hits.
window.meddled = { calls: [], rules: RULES };
{
  const real = window.fetch.bind(window);
  const pause = (ms) => new Promise((resolve) => { setTimeout(resolve, ms); });
  const matches = (rule, url, body) => rule.times !== 0 && url.includes(rule.path) && (!rule.body || body.includes(rule.body));
  const rewrite = async (response, probabilities) => {
    const answer = await response.json();
    answer.hits.forEach((hit, i) => { if (i < probabilities.length) hit.match_probability = probabilities[i]; });
    return new Response(JSON.stringify(answer), { status: response.status, headers: { "Content-Type": "application/json" } });
  };
  window.fetch = async (url, options = {}) => {
    const body = options.body ?? "";
    const call = { url: String(url), method: options.method ?? "GET", body: body ? JSON.parse(body) : null, done: false };
    window.meddled.calls.push(call);
    const rule = window.meddled.rules.find((candidate) => matches(candidate, call.url, body));
    try {
      if (!rule) return await real(url, options);
      if (rule.times !== undefined) rule.times -= 1;
      if (rule.fail) throw new TypeError("Failed to fetch");
      if (rule.status) return new Response(JSON.stringify(rule.problem ?? {}), { status: rule.status, headers: rule.headers });
      const response = await real(url, rule.delay ? { ...options, signal: undefined } : options);
      if (rule.delay) await pause(rule.delay);
      return rule.probabilities ? await rewrite(response, rule.probabilities) : response;
    } finally {
      call.done = true;
    }
  };
}
