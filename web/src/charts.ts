// The nights as four bar charts above each other's dates, by uPlot.

import uPlot from "uplot";

import { byId, el } from "./dom";
import { wordOf, type Night } from "./nights";
import { bytesOf, counted, dayOf, durationOf, numberOf, rowsOf,
         shortNumber } from "./words";

interface Measure {
  name: string;
  value: (night: Night) => number;
  words: (value: number) => string;
  axis: (value: number) => string;
  sum: boolean; // whether the sum of the nights says anything
  base: number; // of the axis' steps
}

const MEASURES: Measure[] = [
  { name: "Jobs deleted", value: (night) => night.run?.jobs_deleted ?? 0,
    words: numberOf, axis: shortNumber, sum: true, base: 10 },
  { name: "Rows deleted", value: (night) => night.run ? rowsOf(night.run) : 0,
    words: numberOf, axis: shortNumber, sum: true, base: 10 },
  { name: "Freed on disk", value: (night) => night.run?.bytes_freed ?? 0,
    words: bytesOf, axis: (value) => value === 0 ? "0" : bytesOf(value)
      .replace(/\.0 /, " "), sum: true, base: 2 },
  { name: "Duration", value: (night) => night.run?.duration_s ?? 0,
    words: durationOf, axis: (value) => value === 0 ? "0"
      : value < 60 ? `${Number(value.toFixed(1))} s`
      : `${Number((value / 60).toFixed(1))} min`, sum: false, base: 10 },
];

const FEWEST_PLACES = 14; // so that a young farm's bars are no walls
const AXIS_WIDTH = 58;

let shown: uPlot[] = [];
let nights: Night[] = [];
let at: number | null = null; // the night that the cursor is on

export function colour(name: string): string {
  return getComputedStyle(document.documentElement)
    .getPropertyValue(`--${name}`).trim();
}

function hatch(context: CanvasRenderingContext2D, ink: string): CanvasPattern {
  const tile = document.createElement("canvas");
  const size = 6 * devicePixelRatio;
  tile.width = tile.height = size;
  const brush = tile.getContext("2d")!;
  brush.strokeStyle = ink;
  brush.lineWidth = 1.5 * devicePixelRatio;
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift, size);
    brush.lineTo(shift + size, 0);
  }
  brush.stroke();
  return context.createPattern(tile, "repeat")!;
}

// A night without a result is no gap that one overlooks: it has a column.
function drawSpecialNights(plot: uPlot): void {
  const { ctx, bbox } = plot;
  const half = (plot.valToPos(1, "x", true) - plot.valToPos(0, "x", true)) * 0.4;
  ctx.save();
  nights.forEach((night, index) => {
    if (night.kind !== "blocked" && night.kind !== "missed") return;
    const middle = plot.valToPos(index, "x", true);
    const ink = colour(night.kind === "blocked" ? "bad" : "missed");
    ctx.strokeStyle = ink;
    ctx.lineWidth = devicePixelRatio;
    if (night.kind === "blocked") {
      ctx.fillStyle = hatch(ctx, ink);
      ctx.fillRect(middle - half, bbox.top, 2 * half, bbox.height);
      ctx.setLineDash([]);
    } else {
      ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
    }
    ctx.strokeRect(middle - half, bbox.top + 1, 2 * half, bbox.height - 1);
  });
  ctx.restore();
}

function colourOf(night: Night): string {
  switch (night.kind) {
    case "partial":
    case "open":
      return colour("attention");
    case "failed":
      return colour("bad");
    default:
      return colour("bar");
  }
}

function optionsOf(measure: Measure, place: HTMLElement): uPlot.Options {
  const count = nights.length;
  const first = Math.min(0, count - FEWEST_PLACES);
  const font = `11px ${getComputedStyle(document.body).fontFamily}`;
  const fills = nights.map(colourOf);
  return {
    width: Math.max(place.clientWidth, 200),
    height: place.clientHeight,
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { show: false },
              sync: { key: "nights" } },
    scales: {
      x: { time: false, range: [first - 0.6, count - 0.4] },
      y: { range: (_, __, most) => [0, most > 0 ? most * 1.08 : 1] },
    },
    axes: [
      { stroke: colour("muted"), font, size: 22, gap: 4, space: 62,
        grid: { show: false }, ticks: { show: false },
        incrs: [1, 2, 7, 14, 28],
        values: (_, splits) => splits.map((split) => {
          const night = nights[split];
          return night === undefined ? "" : dayOf(night.date).slice(4);
        }) },
      { stroke: colour("muted"), font, size: AXIS_WIDTH, gap: 6, space: 32,
        grid: { stroke: colour("grid"), width: 1 }, ticks: { show: false },
        ...(measure.base === 2 ? { incrs: Array.from({ length: 44 },
                                                     (_, power) => 2 ** power) }
                               : {}),
        values: (_, splits) => splits.map(measure.axis) },
    ],
    series: [{}, {
      points: { show: false },
      fill: colour("bar"),
      paths: uPlot.paths.bars!({
        size: [0.72, 26], radius: 0.08,
        disp: { fill: { unit: 3, values: () => fills },
                stroke: { unit: 3, values: () => fills } },
      }),
    }],
    hooks: {
      draw: [drawSpecialNights],
      setCursor: [(plot) => {
        if (plot.cursor.idx !== null && plot.cursor.idx !== undefined) {
          tell(plot.cursor.idx);
        }
      }],
    },
  };
}

// One night in a line, for whoever points at it or walks there by keys.
function sentenceOf(night: Night): string {
  const day = dayOf(night.date);
  if (night.run === null) return `${day}: missed, nothing ran`;
  const run = night.run;
  const figures = `${counted(run.jobs_deleted, "job")}, ` +
    `${counted(rowsOf(run), "row")}, ${bytesOf(run.bytes_freed)}, ` +
    (run.duration_s === null ? "not ended" : durationOf(run.duration_s));
  return `${day}: ${wordOf(night.kind)}${run.late ? ", late" : ""}; ` +
    (night.kind === "blocked" ? run.blocked.join(", ") : figures);
}

function tell(index: number): void {
  const night = nights[index];
  if (night === undefined || at === index) return;
  at = index;
  byId("night").textContent = sentenceOf(night);
}

function walk(event: KeyboardEvent): void {
  const steps: Record<string, number> = { ArrowLeft: -1, ArrowRight: 1,
                                          Home: -nights.length,
                                          End: nights.length };
  const step = steps[event.key];
  if (step === undefined || nights.length === 0) return;
  event.preventDefault();
  const from = at ?? nights.length;
  const index = Math.min(Math.max(from + step, 0), nights.length - 1);
  tell(index);
  for (const plot of shown) {
    plot.setCursor({ left: plot.valToPos(index, "x"), top: 10 }, false);
  }
}

function draw(): void {
  const place = byId("charts");
  for (const plot of shown) plot.destroy();
  shown = [];
  place.replaceChildren();
  for (const measure of MEASURES) {
    const values = nights.map(measure.value);
    const most = Math.max(0, ...values);
    const total = values.reduce((sum, value) => sum + value, 0);
    const figure = measure.sum ? `${measure.words(total)} in all`
                               : `${measure.words(most)} at most`;
    const plot = el("div", { class: "plot", role: "img",
      "aria-label": `${measure.name}, ${counted(nights.length, "night")}: ` +
        `${figure}. The table below has each.` });
    place.append(el("figure", { class: "chart" },
      el("figcaption", {}, measure.name, el("span", {}, figure)), plot));
    shown.push(new uPlot(optionsOf(measure, plot),
                         [nights.map((_, index) => index), values], plot));
  }
}

function legend(): void {
  const has = (kind: Night["kind"]) => nights.some((one) => one.kind === kind);
  const marks: [string, string, boolean][] = [
    ["", "complete", true],
    ["attention", "something left or not ended", has("partial") || has("open")],
    ["bad", "failed", has("failed")],
    ["blocked", "blocked by the clock guard", has("blocked")],
    ["missed", "missed", has("missed")],
  ];
  byId("legend").replaceChildren(...marks.filter(([, , there]) => there)
    .map(([kind, words]) => el("li", kind ? { class: kind } : {}, words)));
}

let drawnFor = "";

export function showNights(of: Night[]): void {
  const key = JSON.stringify(of);
  if (key === drawnFor) return;
  drawnFor = key;
  nights = of;
  at = null;
  const place = byId("charts");
  place.removeAttribute("aria-busy");
  byId("nights-title").textContent = nights.length > 1
    ? `The last ${numberOf(nights.length)} nights` : "Nights";
  if (nights.length === 0) {
    place.replaceChildren(el("p", { class: "muted" },
      "Nothing to show before the first night."));
    return;
  }
  draw();
  legend();
  byId("night").textContent = sentenceOf(nights[nights.length - 1]!);
}

export function startCharts(): void {
  const place = byId("charts");
  place.tabIndex = 0;
  place.setAttribute("role", "group");
  place.setAttribute("aria-label",
    "Charts of the nights; the arrow keys go from night to night");
  place.addEventListener("keydown", walk);
  let width = 0;
  new ResizeObserver(() => {
    if (nights.length === 0 || place.clientWidth === width) return;
    width = place.clientWidth;
    draw();
  }).observe(place);
  const again = () => { if (nights.length > 0) draw(); };
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
}
