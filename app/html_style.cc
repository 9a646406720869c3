// SPDX-License-Identifier: BSD-3-Clause
#include "app/html_style.h"

namespace sightline::app {

const char* const kPageStyle = R"css(
:root {
  color-scheme: light dark;
  --page: #f6f5f2; --card: #ffffff; --text: #1d1f23; --soft: #62666d; --line: #e3e1dc;
  --strong: #17633a; --strong-back: #d9f0e1; --likely: #7a4d00; --likely-back: #fbeac8;
  --weak: #5d6168; --weak-back: #e9e8e5; --accent: #2456c4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #16181c; --card: #202329; --text: #e8e9eb; --soft: #a1a6ae; --line: #30343b;
    --strong: #8fe0b0; --strong-back: #173b27; --likely: #f2cc7d; --likely-back: #43330f;
    --weak: #b3b7be; --weak-back: #2d3138; --accent: #8db2ff;
  }
}
* { box-sizing: border-box; }
body {
  margin: 0 auto; padding: 2rem clamp(1rem, 4vw, 3rem) 3rem; max-width: 1500px; background: var(--page); color: var(--text);
  font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif;
}
header { display: flex; gap: 1.25rem; align-items: center; margin-bottom: 1.75rem; }
header img { width: 96px; height: 96px; object-fit: cover; border-radius: 10px; border: 1px solid var(--line); }
h1 { margin: 0; font-size: clamp(1.35rem, 3vw, 2rem); line-height: 1.25; font-weight: 650; overflow-wrap: anywhere; }
p.summary, footer { margin: .35rem 0 0; color: var(--soft); font-size: .92rem; overflow-wrap: anywhere; }
p.note {
  margin: 0 0 1.5rem; padding: .8rem 1rem; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
}
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(230px, 100%), 1fr)); gap: 1.1rem; }
figure {
  margin: 0; display: flex; flex-direction: column; background: var(--card); border: 1px solid var(--line);
  border-radius: 12px; overflow: hidden;
}
.face { position: relative; display: block; aspect-ratio: 4 / 3; overflow: hidden; background: var(--line); }
.face:focus-visible { outline: 3px solid var(--accent); outline-offset: -3px; }
figure img { position: absolute; inset: 0; width: 100%; height: 100%; object-fit: cover; }
figure .none { position: absolute; inset: 0; display: grid; place-items: center; color: var(--soft); font-size: .9rem; }
.time {
  position: absolute; right: .5rem; bottom: .5rem; padding: .1rem .45rem; border-radius: 6px; color: #fff;
  background: rgb(0 0 0 / 72%); font-size: .8rem; font-weight: 600; font-variant-numeric: tabular-nums;
}
.words {
  position: absolute; inset: 0; display: grid; place-items: center; padding: 1.1rem; overflow: hidden; text-align: center;
  background: var(--card); border-bottom: 1px solid var(--line); font-size: 1.02rem; line-height: 1.4; overflow-wrap: anywhere;
}
.face:has(.words) { aspect-ratio: auto; min-height: 9rem; flex: 1; color: var(--text); text-decoration: none; }
.moments { list-style: none; margin: .5rem 0 0; padding: 0; }
.moments li { display: flex; justify-content: space-between; align-items: center; gap: .5rem; padding: .15rem 0; }
.moments a { color: var(--accent); font-variant-numeric: tabular-nums; }
figcaption { padding: .65rem .8rem .8rem; font-size: .9rem; }
.row { display: flex; justify-content: space-between; align-items: center; gap: .5rem; }
.rank { color: var(--soft); font-variant-numeric: tabular-nums; }
.badge { flex: none; white-space: nowrap; padding: .1rem .6rem; border-radius: 99px; font-weight: 600; font-size: .82rem; font-variant-numeric: tabular-nums; }
.strong { color: var(--strong); background: var(--strong-back); }
.likely { color: var(--likely); background: var(--likely-back); }
.weak, .plain { color: var(--weak); background: var(--weak-back); }
.path { margin-top: .45rem; color: var(--soft); font-size: .8rem; overflow-wrap: anywhere; }
.path b { display: block; color: var(--text); font-size: .9rem; font-weight: 550; }
details { margin-top: 2rem; }
summary { cursor: pointer; font-weight: 600; margin-bottom: 1rem; }
footer { margin-top: 2.5rem; border-top: 1px solid var(--line); padding-top: 1rem; }
)css";

const char* const kReportStyle = R"css(
:root {
  --series-1: #2456c4; --series-2: #b4500b; --series-3: #2c7a4b; --series-4: #8a3fa0; --series-5: #b3261e; --series-6: #4f5b66;
}
@media (prefers-color-scheme: dark) {
  :root {
    --series-1: #8db2ff; --series-2: #f0a35e; --series-3: #7fd6a2; --series-4: #d9a1ea; --series-5: #ff9d96; --series-6: #b8c2cc;
  }
}
h2 { margin: 2.25rem 0 .9rem; font-size: 1.2rem; font-weight: 650; }
.charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(390px, 100%), 1fr)); gap: 1.1rem; }
.charts figure { padding: .9rem 1rem 1rem; }
.charts figcaption { padding: 0 0 .5rem; color: var(--text); font-weight: 600; }
.charts figcaption small { display: block; color: var(--soft); font-weight: 400; font-size: .82rem; }
.charts figure > svg { display: block; width: 100%; max-width: 620px; height: auto; }
svg text { fill: var(--soft); font-size: 13px; font-variant-numeric: tabular-nums; }
svg text.name { fill: var(--text); font-weight: 600; }
svg .grid { stroke: var(--line); } svg .axis { stroke: var(--soft); }
svg .diagonal { stroke: var(--soft); stroke-dasharray: 5 4; }
svg polyline { fill: none; stroke-width: 2; } svg [class^="r"] { stroke-width: 1.5; opacity: .55; }
svg .s1 { fill: var(--series-1); } svg .l1, svg .r1 { stroke: var(--series-1); }
svg .s2 { fill: var(--series-2); } svg .l2, svg .r2 { stroke: var(--series-2); }
svg .s3 { fill: var(--series-3); } svg .l3, svg .r3 { stroke: var(--series-3); }
svg .s4 { fill: var(--series-4); } svg .l4, svg .r4 { stroke: var(--series-4); }
svg .s5 { fill: var(--series-5); } svg .l5, svg .r5 { stroke: var(--series-5); }
svg .s6 { fill: var(--series-6); } svg .l6, svg .r6 { stroke: var(--series-6); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; margin: .5rem 0 0; padding: 0; font-size: .85rem; }
.legend li { display: flex; align-items: center; gap: .35rem; }
.legend svg { width: 12px; height: 12px; overflow: visible; }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 12px; }
.scroll:focus-visible { outline: 3px solid var(--accent); }
table { border-collapse: collapse; width: 100%; font-size: .88rem; font-variant-numeric: tabular-nums; }
th, td { padding: .45rem .7rem; text-align: right; white-space: nowrap; border-bottom: 1px solid var(--line); }
th { font-weight: 600; color: var(--soft); } tr:last-child > * { border-bottom: 0; }
th[scope="row"] { position: sticky; left: 0; background: var(--card); color: var(--text); text-align: left; }
thead th:first-child { text-align: left; }
td small { display: block; color: var(--soft); font-size: .78rem; }
@media (max-width: 600px) {
  th, td { padding: .4rem .5rem; }
  th[scope="row"] { max-width: 7.5rem; white-space: normal; overflow-wrap: anywhere; }
  svg text { font-size: 15px; }
}
.list { margin: 0; padding-left: 1.2rem; overflow-wrap: anywhere; font-size: .9rem; }
)css";

}  // namespace sightline::app
