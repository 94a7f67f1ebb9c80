"use strict";
const find = (selector) => document.querySelector(selector);
const fields = find(".bar").elements;
const range = find(".scrub input");
const alarm = find("[role=alert]");
const figures = [...document.querySelectorAll("figure[data-layer]")];
const state = { clips: [], shown: [], at: -1, row: 0, clip: null, turn: 0 };
const byName = new Intl.Collator("en", { numeric: true }).compare;
let pictures = new Map(); // addresses of what was fetched of this clip, by its path

async function get(path) {
  const answer = await fetch(path);
  if (!answer.ok) throw new Error(await answer.text());
  return answer;
}

function complain(error) {
  alarm.hidden = !error;
  alarm.textContent = error ? error.message || String(error) : "";
}

function make(name, text = "", attributes = {}) {
  const element = document.createElement(name);
  element.textContent = text;
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

function digits(value, n = 3) {
  return Number(value.toPrecision(n)).toString().replace("-", "−");
}

// --- the list and its filters

function fillFilters() {
  const offer = (field, values, title = (value) => value) => {
    const counts = new Map();
    for (const value of values) counts.set(value, (counts.get(value) || 0) + 1);
    for (const value of [...counts.keys()].sort(byName))
      field.append(make("option", `${title(value)} (${counts.get(value)})`, { value }));
  };
  offer(fields.subject, state.clips.map((clip) => clip.subject));
  offer(fields.label, state.clips.flatMap((clip) => clip.classes), (key) => key.replace(/^=/, "").replace("=", ": "));
  offer(fields.flag, state.clips.flatMap((clip) => clip.flags));
}

function fillList() {
  state.clips.forEach((clip, index) => {
    const button = make("button", clip.id, { type: "button", tabindex: -1 });
    if (clip.right !== null) {
      button.className = clip.right ? "right" : "wrong";
      button.title = button.className;
    }
    button.addEventListener("click", () => open(index));
    clip.item = make("li");
    clip.item.append(button);
    find(".clips").append(clip.item);
  });
}

function filter() {
  const text = fields.search.value.trim().toLowerCase();
  const right = fields.right ? fields.right.value : "";
  state.shown = [];
  state.clips.forEach((clip, index) => {
    const fits =
      (!right || String(clip.right) === right) &&
      (!fields.subject.value || clip.subject === fields.subject.value) &&
      (!fields.label.value || clip.classes.includes(fields.label.value)) &&
      (!fields.flag.value || clip.flags.includes(fields.flag.value)) &&
      clip.id.toLowerCase().includes(text);
    clip.item.hidden = !fits;
    if (fits) state.shown.push(index);
  });
  find("[role=status]").textContent = `${state.shown.length} of ${state.clips.length} clips`;
  if (state.shown.length && !state.shown.includes(state.at)) open(state.shown[0]);
}

// --- one clip

async function open(index, row = null) {
  const turn = ++state.turn;
  try {
    const clip = await (await get(`clips/${index}.json`)).json();
    if (turn !== state.turn) return; // another one was asked for meanwhile
    for (const address of pictures.values()) address.then(URL.revokeObjectURL, () => {});
    pictures = new Map();
    Object.assign(state, { at: index, clip });
    complain(null);
    tell(clip);
    drawCourse(clip);
    go(row === null ? clip.middle : row);
  } catch (error) {
    if (turn === state.turn) complain(error);
  }
}

function tell(clip) {
  for (const { item } of state.clips) item.firstChild.removeAttribute("aria-current");
  const button = state.clips[state.at].item.firstChild;
  button.setAttribute("aria-current", "true");
  button.scrollIntoView({ block: "nearest" });
  find("h2").textContent = clip.id;
  const facts = find(".facts");
  facts.replaceChildren();
  const { judged } = clip;
  if (judged) {
    const right = judged.truth === judged.predicted;
    facts.append(make("strong", right ? "right" : "wrong", { class: right ? "right" : "wrong" }));
    facts.append(`true ${judged.truth}, given ${judged.predicted}; fold ${judged.fold}, ${judged.tested}. `);
    find(".shares").replaceChildren(
      ...Object.entries(judged.probabilities).map(([name, p]) => {
        const share = make("div");
        share.append(make("dt", name), make("dd", p.toFixed(3)));
        share.append(make("meter", "", { min: 0, max: 1, value: p, "aria-label": name }));
        return share;
      })
    );
  }
  const apex = clip.apex === null ? "" : `, apex ${clip.apex}`;
  const flags = clip.flags.length ? `; flags: ${clip.flags.join(", ")}` : "";
  const span = clip.numbered ? `: onset ${clip.onset}${apex}, offset ${clip.offset}` : "";
  facts.append(`${clip.emotion}${span}${flags}`);
  for (const cell of document.querySelectorAll("[data-number]")) {
    const mean = (values) => values.reduce((sum, value) => sum + value, 0) / values.length;
    const own = { ...clip.quality, strain: mean(clip.strain) };
    if (clip.flow.length) own.flow = mean(clip.flow);
    const value = own[cell.dataset.number];
    cell.lastChild.textContent = value === undefined ? "unknown" : digits(value);
  }
  for (const figure of figures) {
    const kind = figure.dataset.layer.startsWith("region") ? "region" : figure.dataset.layer;
    const reach = clip.reaches[kind === "u" || kind === "v" ? "flow" : kind];
    const signed = clip.flow.length ? ["u", "v", "class-map"] : ["class-map"];
    const sign = signed.includes(kind) ? "±" : "≤ ";
    const unit = kind === "u" || kind === "v" ? clip.px : "";
    figure.querySelector("span").textContent = reach === undefined ? "" : sign + digits(reach, 2) + unit;
  }
}

function place(clip, row) {
  const first = clip.frames[0];
  const last = clip.frames[clip.frames.length - 1];
  return last > first ? 8 + (584 * (clip.frames[row] - first)) / (last - first) : 300;
}

function drawCourse(clip) {
  const svg = find(".course");
  const add = (name, attributes) => {
    const shape = document.createElementNS("http://www.w3.org/2000/svg", name);
    for (const [key, value] of Object.entries(attributes)) shape.setAttribute(key, value);
    svg.append(shape);
  };
  svg.replaceChildren();
  const upright = (row, name) => {
    const x = place(clip, row);
    add("line", { class: name, x1: x, x2: x, y1: 0, y2: 80 });
  };
  for (const name of clip.flow.length ? ["flow", "strain"] : ["strain"]) {
    const most = Math.max(...clip[name]) || 1;
    const points = clip[name].map((value, row) => `${place(clip, row)},${76 - (70 * value) / most}`);
    add("polyline", { class: name, points: points.join(" ") });
  }
  upright(clip.middle, "tested");
  upright(state.row, "now");
  const most = (name) => digits(Math.max(...clip[name]));
  const flow = clip.flow.length ? `mean |flow| ≤ ${most("flow")}${clip.px}; ` : "";
  find(".key").textContent = `${flow}broken: mean strain ≤ ${most("strain")}; line: ${clip.numbered ? "frame" : "instance"} ${clip.frames[clip.middle]}, which stands for the clip`;
  svg.setAttribute("aria-label", `Flow and strain over ${clip.frames.length} instances`);
  range.max = clip.frames.length - 1;
}

function picture(row, layer) {
  const path = `clips/${state.at}/${row}/${layer}.webp`;
  if (!pictures.has(path))
    pictures.set(path, get(path).then((answer) => answer.blob()).then((blob) => URL.createObjectURL(blob)));
  return pictures.get(path);
}

async function go(row) {
  const { clip, turn } = state;
  if (!clip) return;
  state.row = Math.min(Math.max(row, 0), clip.frames.length - 1);
  const wanted = state.row;
  range.value = wanted;
  const line = find(".course .now");
  for (const end of ["x1", "x2"]) line.setAttribute(end, place(clip, wanted));
  find("output").textContent = `${clip.numbered ? "frame" : "instance"} ${clip.frames[wanted]}, ${wanted + 1} of ${clip.frames.length}`;
  history.replaceState(null, "", `#${state.at}/${wanted}`);
  try {
    await Promise.all(
      figures.map(async (figure) => {
        const address = await picture(wanted, figure.dataset.layer);
        if (turn === state.turn && wanted === state.row) figure.querySelector("img").src = address;
      })
    );
    if (turn !== state.turn || wanted !== state.row) return;
    document.body.dataset.drawn = `${state.at}/${wanted}`;
    for (const next of [wanted + 1, wanted - 1])
      if (next >= 0 && next < clip.frames.length)
        for (const figure of figures) picture(next, figure.dataset.layer).catch(() => {});
  } catch (error) {
    if (turn === state.turn) complain(error);
  }
}

function step(by) {
  const here = state.shown.indexOf(state.at);
  const next = state.shown[here < 0 ? 0 : here + by];
  if (next !== undefined) open(next);
}

// --- what the user does

const KEYS = {
  ArrowLeft: () => go(state.row - 1),
  ArrowRight: () => go(state.row + 1),
  ArrowUp: () => step(-1),
  ArrowDown: () => step(1),
  Home: () => go(0),
  End: () => go(Infinity),
};

document.addEventListener("keydown", (event) => {
  const typing = event.target.closest("select, input[type=search]");
  if (typing || !KEYS[event.key] || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  KEYS[event.key]();
});
range.addEventListener("input", () => go(Number(range.value)));
find("[name=back]").addEventListener("click", () => go(state.row - 1));
find("[name=on]").addEventListener("click", () => go(state.row + 1));
find(".bar").addEventListener("submit", (event) => event.preventDefault());
find(".bar").addEventListener("input", filter);
find(".course").addEventListener("click", (event) => {
  const box = find(".course").getBoundingClientRect();
  const x = (600 * (event.clientX - box.left)) / box.width;
  const away = state.clip.frames.map((_, row) => Math.abs(place(state.clip, row) - x));
  go(away.indexOf(Math.min(...away)));
});

async function start() {
  try {
    state.clips = await (await get("clips.json")).json();
    fillFilters();
    fillList();
    const [index, row] = location.hash.slice(1).split("/").map(Number);
    const known = location.hash && state.clips[index];
    if (known) state.at = index;
    filter();
    if (known) open(index, row || 0);
  } catch (error) {
    complain(error);
  }
}
start();
