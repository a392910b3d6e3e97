// ---- Building blocks ------------------------------------------------------

// Makes elements of one namespace. Attributes and children that are null or
// undefined are left out; strings become text, never markup.
const builder = (namespace) => (tag, attributes, ...children) => {
  const node = document.createElementNS(namespace, tag);
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value != null) node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child != null));
  return node;
};
const html = builder("http://www.w3.org/1999/xhtml");
const svg = builder("http://www.w3.org/2000/svg");

const DASH = "\u2013";
const NBSP = "\u00a0";
const known = (values) => (values ?? []).filter(Number.isFinite);
const sum = (values) => values.reduce((total, value) => total + value, 0);
const plural = (count, noun) => `${count} ${noun}${count === 1 ? "" : "s"}`;

// Formats a finite number, or shows that there is none.
const formatter = (format) => (value) => (Number.isFinite(value) ? format(value) : DASH);
const whole = formatter((value) => value.toLocaleString("en-US"));
const fixed = (digits) => formatter((value) => value.toFixed(digits));
const percent = formatter((value) => (100 * value).toFixed(2));
const pValue = formatter((value) => value < 0.001 ? "< 0.001" : value.toFixed(3));
const scientific = formatter((value) => value.toExponential(1));

// Mean and sample standard deviation (null for a single value), or null.
function summarize(values) {
  const sample = known(values);
  const n = sample.length;
  const mean = sum(sample) / n;
  const squares = sum(sample.map((value) => (value - mean) ** 2));
  return n > 0 ? { n, mean, deviation: n > 1 ? Math.sqrt(squares / (n - 1)) : null } : null;
}
const spread = ({ mean, deviation }) =>
  [mean, deviation].filter(Number.isFinite).map(percent).join(`${NBSP}±${NBSP}`);
const spreadCell = (summary) => (summary ? `${spread(summary)} (${summary.n})` : DASH);

const named = ({ label, color }) =>
  [html("span", { class: "swatch", style: `color: ${color}` }), label];

// A table from columns [head, cell of a row, "text" unless numbers]. The first
// column names the rows; a later one without a single value is left out.
function table(columns, rows) {
  const shown = columns.map(([head, cell, kind], i) => ({
    head, first: i === 0, cells: rows.map(cell), kind: kind ?? (i === 0 ? "text" : "number"),
  })).filter(({ first, cells }) => first || cells.some((cell) => cell !== DASH));
  return html("div", { class: "scroll" }, html("table", null,
    html("thead", null, html("tr", null, shown.map(({ head, kind }) =>
      html("th", { scope: "col", class: kind }, head)))),
    html("tbody", null, rows.map((_, row) => html("tr", null, shown.map(
      ({ first, cells, kind }) => (first ? html("th", { scope: "row" }, cells[row])
        : html("td", { class: kind }, cells[row]))))))));
}

const details = (title, open, ...content) =>
  html("details", { open: open ? "" : null }, html("summary", null, title), content);

// ---- Axes -----------------------------------------------------------------

// A linear axis whose ends and at most about `count` ticks are round numbers.
function linearAxis(low, high, count) {
  const span = high - low || 1;
  const power = 10 ** Math.floor(Math.log10(span / count));
  const step = power * [1, 2, 5, 10].find((m) => span / (m * power) <= count + 1e-6);
  const first = Math.floor(low / step + 1e-9);
  const last = Math.max(Math.ceil(high / step - 1e-9), first + 1);
  const ticks = Array.from({ length: last - first + 1 },
    (_, i) => Number(((first + i) * step).toPrecision(10)));
  return { low: ticks[0], high: ticks[ticks.length - 1], ticks, scale: (value) => value };
}

// A logarithmic axis with ticks at 1, 2, 5 times the powers of ten, or at the
// powers alone if those were too many.
function logAxis(low, high, count) {
  const margin = (high / low) ** 0.05;
  const axis = { low: low / margin, high: high * margin, scale: Math.log };
  const ticks = [];
  for (let k = Math.floor(Math.log10(axis.low)); k <= Math.log10(axis.high); ++k) {
    ticks.push(...[1, 2, 5].map((m) => Number(`${m}e${k}`)));
  }
  const fine = ticks.filter((tick) => tick >= axis.low && tick <= axis.high);
  return { ...axis, ticks: fine.length <= 1.5 * count ? fine
    : fine.filter((tick) => tick.toExponential().startsWith("1e")) };
}

// The first epoch, and the multiples of a round step.
function epochTicks(last, count) {
  const step = [1, 5, 10, 20, 50, 100].find((candidate) => last / candidate <= count) ?? 200;
  const multiples = Array.from({ length: Math.floor(last / step) }, (_, i) => (i + 1) * step);
  return step === 1 ? multiples : [1, ...multiples];
}

const tickText = (value) =>
  (value !== 0 && Math.abs(value) < 1e-3 ? value.toExponential() : String(value));
const line = (x1, y1, x2, y2, name) => svg("line", { x1, y1, x2, y2, class: name });
const label = (x, y, anchor, text) => svg("text", { x, y, "text-anchor": anchor }, text);
// A text that begins a sentence; "mAP" stays.
const sentence = (text) => (/^[a-z][A-Z]/.test(text) ? text
  : text.charAt(0).toUpperCase() + text.slice(1));
const drawingWidth = (holder, zoom) => Math.max(240, Math.round(holder.clientWidth * zoom));

