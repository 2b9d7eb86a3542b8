// The database's size after each night, and how much of it could be given back.

import uPlot from "uplot";

import type { SizeAtNight } from "./answers";
import { colour } from "./charts";
import { byId, el, table } from "./dom";
import { bytesOf, dayOf } from "./words";

let shown: uPlot | null = null;
let sizes: SizeAtNight[] = [];

function optionsOf(place: HTMLElement): uPlot.Options {
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const line = { stroke: colour("muted"), font, ticks: { show: false } };
  return {
    width: Math.max(place.clientWidth, 200),
    height: place.clientHeight,
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { time: false, range: [-0.2, Math.max(sizes.length - 0.8, 1)] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      { ...line, size: 22, gap: 4, space: 62, grid: { show: false },
        incrs: [1, 2, 7, 14, 28, 56, 112],
        values: (_, splits) => splits.map((split) => {
          const one = sizes[split];
          return one === undefined ? "" : dayOf(one.slot).slice(4);
        }) },
      { ...line, size: 62, gap: 6, space: 30,
        grid: { stroke: colour("grid"), width: 1 },
        incrs: Array.from({ length: 44 }, (_, power) => 2 ** power),
        values: (_, splits) => splits.map((split) => split === 0 ? "0"
          : bytesOf(split).replace(/\.0 /, " ")) },
    ],
    series: [{},
      { stroke: colour("bar"), width: 2, points: { show: sizes.length < 15 } },
      { stroke: colour("attention"), width: 2, dash: [4, 3],
        points: { show: false } }],
  };
}

function draw(): void {
  const place = byId("sizes");
  shown?.destroy();
  shown = null;
  const plot = el("div", { class: "plot", role: "img", "aria-label":
    `Size of the database after ${sizes.length} nights: from ` +
    `${bytesOf(sizes[0]!.size_bytes)} to ` +
    `${bytesOf(sizes[sizes.length - 1]!.size_bytes)}. The table below has each.` });
  const details = el("details", {},
    el("summary", {}, "The sizes as a table"),
    table("Size of the database, newest first",
          ["Night", "Size", "Reclaimable"],
          [...sizes].reverse().map((one) => [
            dayOf(one.slot), bytesOf(one.size_bytes),
            bytesOf(one.reclaimable_bytes)]), [1, 2]));
  place.replaceChildren(
    el("ul", { class: "legend", "aria-label": "Lines of the chart" },
       el("li", {}, "size"),
       el("li", { class: "attention" }, "of which reclaimable")),
    plot, details);
  shown = new uPlot(optionsOf(plot), [sizes.map((_, index) => index),
                                      sizes.map((one) => one.size_bytes),
                                      sizes.map((one) => one.reclaimable_bytes)],
                    plot);
}

export function showSizes(of: SizeAtNight[]): void {
  if (JSON.stringify(of) === JSON.stringify(sizes) && shown !== null) return;
  sizes = of;
  if (sizes.length < 2) {
    byId("sizes").replaceChildren(el("p", { class: "note" },
      "Its size is noted after each night: from the second one on there is a line."));
    return;
  }
  draw();
}

export function startSizes(): void {
  const again = () => { if (sizes.length >= 2) draw(); };
  let width = 0;
  new ResizeObserver(() => {
    const now = byId("sizes").clientWidth;
    if (now !== width) again();
    width = now;
  }).observe(byId("sizes"));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
