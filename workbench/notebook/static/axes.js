// Canvases, axes, markers: what plots share.

/** A canvas over the whole of `body`, as sharp as the screen. */
class Layer {
  constructor(body, attributes = {}) {
    this.canvas = make("canvas", attributes);
    body.append(this.canvas);
    this.context = this.canvas.getContext("2d");
  }

  /** Make it `width` by `height` pixels of the page, and empty. */
  clear(width, height) {
    const ratio = devicePixelRatio || 1;
    const [w, h] = [Math.max(1, Math.round(width * ratio)), Math.max(1, Math.round(height * ratio))];
    if (this.canvas.width !== w || this.canvas.height !== h) {
      this.canvas.width = w;
      this.canvas.height = h;
      this.canvas.style.width = `${width}px`;
      this.canvas.style.height = `${height}px`;
    }
    this.ratio = ratio;
    this.context.setTransform(1, 0, 0, 1, 0, 0);
    this.context.clearRect(0, 0, w, h);
    this.context.setTransform(ratio, 0, 0, ratio, 0, 0);
    return this.context;
  }
}

/** An axis from `low` to `high` over the pixels `from` to `to`. */
class Scale {
  constructor(low, high, from, to, log = false) {
    Object.assign(this, { low, high, from, to, log });
    this.start = log ? Math.log10(low) : low;
    this.span = (log ? Math.log10(high) : high) - this.start || 1;
  }

  at(value) {
    return this.from + (((this.log ? Math.log10(value) : value) - this.start) / this.span) * (this.to - this.from);
  }

  value(pixel) {
    const value = this.start + ((pixel - this.from) / (this.to - this.from)) * this.span;
    return this.log ? 10 ** value : value;
  }

  /** Round values to label, about `n` of them. */
  ticks(n) {
    return this.log ? this.decades(n) : this.even(n);
  }

  even(n) {
    const rough = Math.abs(this.high - this.low) / Math.max(1, n);
    const unit = 10 ** Math.floor(Math.log10(rough || 1));
    const step = unit * [1, 2, 5, 10].find((part) => part * unit >= rough * 0.999);
    const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
    const made = [];
    const last = Math.max(this.low, this.high);
    for (let k = Math.ceil(Math.min(this.low, this.high) / step - 1e-9); k * step <= last + 1e-9 * step; k += 1) {
      made.push([k * step, spelled(k * step, digits)]);
    }
    return made;
  }

  decades(n) {
    const [first, last] = [Math.floor(this.start), Math.ceil(this.start + this.span)];
    if (this.span < 1) return new Scale(this.low, this.high, 0, 1).even(n);
    const step = Math.max(1, Math.ceil((last - first) / n));
    const made = [];
    for (let k = first; k <= last; k += step) {
      if (k >= this.start - 1e-9 && k <= this.start + this.span + 1e-9) made.push([10 ** k, spelled(10 ** k, Math.max(0, -k))]);
    }
    return made;
  }
}

/** A number as it is read, with a true minus, and as a power of ten where it is very large or small. */
function spelled(value, digits) {
  const size = Math.abs(value);
  if (size !== 0 && (size >= 1e6 || size < 1e-4)) {
    const power = Math.floor(Math.log10(size) + 1e-9);
    const factor = Math.round((100 * value) / 10 ** power) / 100;
    const raised = [...String(power)].map((c) => ({ "-": "⁻" })[c] ?? "⁰¹²³⁴⁵⁶⁷⁸⁹"[c]).join("");
    return `${factor === 1 ? "" : `${factor}·`}10${raised}`.replace("-", "−");
  }
  const near = size < 0.5 * 10 ** -digits ? 0 : value;  // no minus before a zero
  return near.toLocaleString("en-US", { minimumFractionDigits: digits, maximumFractionDigits: digits }).replace("-", "−");
}

/** A number to some digits, as `number` of `workbench.views.wording`. */
function number(value, digits = 4) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "–" : value > 0 ? "∞" : "−∞";
  const whole = Number.isInteger(value) || Math.abs(value) >= 10 ** digits;
  const text = whole ? Math.round(value).toLocaleString("en-US") : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
}

const FONT = "12px system-ui, sans-serif";

/**
 * Grid, ticks and names of two axes around a box.
 * @param {CanvasRenderingContext2D} context
 * @param {{left: number, right: number, top: number, bottom: number}} box
 * @param {Scale} x @param {Scale} y
 * @param {{x?: string, y?: string, bare?: boolean}} names `bare` leaves the ticks of x without numbers
 * @param {object} colours
 */
function drawAxes(context, box, x, y, names, colours) {
  context.font = FONT;
  context.lineWidth = 1;
  context.strokeStyle = colours.grid;
  context.fillStyle = colours.muted;
  const across = x.ticks(Math.max(2, (box.right - box.left) / 80));
  const up = y.ticks(Math.max(2, (box.bottom - box.top) / 36));
  context.beginPath();
  for (const [value] of across) line(context, crisp(x.at(value)), box.top, crisp(x.at(value)), box.bottom);
  for (const [value] of up) line(context, box.left, crisp(y.at(value)), box.right, crisp(y.at(value)));
  context.globalAlpha = 0.6;
  context.stroke();
  context.globalAlpha = 1;
  context.textAlign = "center";
  context.textBaseline = "top";
  if (!names.bare) for (const [value, text] of across) context.fillText(text, x.at(value), box.bottom + 5);
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const [value, text] of up) context.fillText(text, box.left - 6, y.at(value));
  context.strokeStyle = colours.muted;
  context.beginPath();
  line(context, crisp(box.left), box.top, crisp(box.left), box.bottom);
  line(context, box.left, crisp(box.bottom), box.right, crisp(box.bottom));
  context.stroke();
  context.fillStyle = colours.text;
  context.textAlign = "center";
  if (names.x) {
    context.textBaseline = "bottom";
    context.fillText(fitted(context, names.x, box.right - box.left), (box.left + box.right) / 2, box.bottom + 40);
  }
  if (names.y) {
    context.save();
    context.translate(14, (box.top + box.bottom) / 2);
    context.rotate(-Math.PI / 2);
    context.textBaseline = "middle";
    context.fillText(fitted(context, names.y, box.bottom - box.top + 16), 0, 0);
    context.restore();
  }
}

function line(context, x0, y0, x1, y1) {
  context.moveTo(x0, y0);
  context.lineTo(x1, y1);
}

/** The middle of a pixel, where a line of one pixel is sharp. */
function crisp(pixel) {
  return Math.round(pixel) + 0.5;
}

/** As much of a text as has room. */
function fitted(context, text, room) {
  if (context.measureText(text).width <= room) return text;
  let shown = text;
  while (shown.length > 1 && context.measureText(`${shown}…`).width > room) shown = shown.slice(0, -1);
  return `${shown}…`;
}

const CORNERS = {
  square: [[-0.82, -0.82], [0.82, -0.82], [0.82, 0.82], [-0.82, 0.82]],
  triangle: [[0, -1.05], [0.98, 0.72], [-0.98, 0.72]],
  diamond: [[0, -1.15], [0.95, 0], [0, 1.15], [-0.95, 0]],
  "triangle down": [[0, 1.05], [0.98, -0.72], [-0.98, -0.72]],
  cross: plus(0),
  saltire: plus(Math.PI / 4),
  pentagon: star(5, 1.02, 1.02),
  hexagon: star(6, 1.02, 1.02),
  star: star(5, 1.2, 0.5),
};

function plus(turn) {
  const corners = [[-0.38, -1.05], [0.38, -1.05], [0.38, -0.38], [1.05, -0.38], [1.05, 0.38], [0.38, 0.38],
    [0.38, 1.05], [-0.38, 1.05], [-0.38, 0.38], [-1.05, 0.38], [-1.05, -0.38], [-0.38, -0.38]];
  const [c, s] = [Math.cos(turn), Math.sin(turn)];
  return corners.map(([x, y]) => [c * x - s * y, s * x + c * y]);
}

function star(n, outer, inner) {
  return Array.from({ length: 2 * n }, (_, k) => {
    const [angle, r] = [(Math.PI * k) / n - Math.PI / 2, k % 2 ? inner * (inner === outer ? Math.cos(Math.PI / n) : 1) : outer];
    return [r * Math.cos(angle), r * Math.sin(angle)];
  });
}

/** Add a marker to the path. */
function addMarker(context, name, x, y, r) {
  const corners = CORNERS[name];
  if (!corners) {
    context.moveTo(x + r, y);
    context.arc(x, y, r, 0, 2 * Math.PI);
    return;
  }
  corners.forEach(([dx, dy], k) => (k ? context.lineTo(x + r * dx, y + r * dy) : context.moveTo(x + r * dx, y + r * dy)));
  context.closePath();
}

/** [colour, marker] of a class code; of none where it is negative. */
function lookOf(colours, code) {
  return code < 0 ? [colours.neutral, "circle"] : colours.looks[code % colours.looks.length];
}

/** A marker and its name, for a legend; with an edge where one is given. */
function legendEntry([colour, marker], text, edge) {
  const entry = make("span", { class: "vqw-legend" });
  const layer = new Layer(entry, { "aria-hidden": "true" });
  const context = layer.clear(14, 14);
  context.fillStyle = colour;
  context.strokeStyle = edge ?? colour;
  context.beginPath();
  addMarker(context, marker, 7, 7, 4.5);
  context.fill();
  if (edge) context.stroke();
  entry.append(make("span", { text }));
  return entry;
}

/** [red, green, blue] of "#RRGGBB". */
function rgbOf(colour) {
  return [1, 3, 5].map((k) => parseInt(colour.slice(k, k + 2), 16));
}
