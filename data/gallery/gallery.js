"use strict";
const list = document.querySelector(".tiles");
const bar = document.querySelector(".bar");
const fields = bar.elements;
// in the order of the page, which is that of concern
const clips = [...list.children].map((tile, place) => ({
  tile,
  place,
  id: tile.dataset.id,
  subject: tile.dataset.subject,
  classes: JSON.parse(tile.dataset.classes),
  flags: JSON.parse(tile.dataset.flags),
  numbers: Object.fromEntries(
    [...tile.querySelectorAll("data")].map((data) => [data.className, Number(data.value)])
  ),
}));
const byId = new Intl.Collator("en", { numeric: true }).compare;

function order() {
  const by = fields.sort.selectedOptions[0];
  const turned = "turned" in by.dataset;
  const sign = ("greatest" in by.dataset ? -1 : 1) * (fields.reverse.checked ? -1 : 1);
  const value = ({ numbers, place }) =>
    by.value === "concern" ? place : turned ? Math.abs(numbers[by.value]) : numbers[by.value];
  const compare = (a, b) => {
    if (by.value === "id") return sign * byId(a.id, b.id);
    const [x, y] = [value(a), value(b)];
    const known = (x !== undefined && !Number.isNaN(x)) - (y !== undefined && !Number.isNaN(y));
    if (known) return -known; // what is unknown comes last, whatever the direction
    return (x === y || Number.isNaN(x) || x === undefined ? 0 : sign * (x - y)) || a.place - b.place;
  };
  list.append(...[...clips].sort(compare).map((clip) => clip.tile));
}

function filter() {
  const text = fields.search.value.trim().toLowerCase();
  const wanted = { subject: fields.subject.value, label: fields.class.value, flag: fields.flag.value };
  let shown = 0;
  for (const clip of clips) {
    const fits =
      (!wanted.subject || clip.subject === wanted.subject) &&
      (!wanted.label || clip.classes.includes(wanted.label)) &&
      (!wanted.flag || (wanted.flag === "any" ? clip.flags.length : clip.flags.includes(wanted.flag.slice(1)))) &&
      clip.id.toLowerCase().includes(text);
    clip.tile.hidden = !fits;
    shown += Boolean(fits);
  }
  document.querySelector("[role=status]").textContent = `${shown} of ${clips.length} clips`;
}

bar.addEventListener("submit", (event) => event.preventDefault());
bar.addEventListener("input", (event) => {
  if (event.target === fields.sort || event.target === fields.reverse) order();
  else if (event.target === fields.marks) list.classList.toggle("marked", fields.marks.checked);
  else filter();
});
// a browser that goes back fills the form in again
order();
filter();
if (fields.marks) list.classList.toggle("marked", fields.marks.checked);
bar.hidden = false;
