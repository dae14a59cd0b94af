// A plane to zoom, shift and pick in, with rows stamped into one image; what lies over the rows is each view's own.
//
// A view that extends PlanePicture writes `over(context)`, which draws above the rows, and may use this.x, this.y
// (scales), this.box, this.prototypes() and this.look(code).

const TOOLS = [
  ["move", "Move", "Drag to shift the plane, wheel with Ctrl to zoom, double click to see all (M)"],
  ["rectangle", "Rectangle", "Drag a rectangle around rows to pick them; Ctrl adds, Alt takes out (R)"],
  ["lasso", "Lasso", "Draw around rows to pick them; Ctrl adds, Alt takes out (L)"],
];
const NEAR_PROTOTYPE = 12;
const NEAR_ROW = 7;
const PALE = 0.75;
const FAINT = 0.22;

class PlanePicture extends Picture {
  build() {
    this.rows = new Layer(this.body, { "aria-hidden": "true" });
    this.marks = new Layer(this.body, { tabindex: "0", role: "application", class: "vqw-plane" });
    this.surface = this.marks.canvas;
    this.tool = "move";
    this.cursor = null;
    this.outline = null;
    this.home = null;
    this.buildTools();
    this.listen();
  }

  buildTools() {
    const group = make("span", { class: "vqw-group", role: "group", "aria-label": "What dragging does" });
    this.toolButtons = TOOLS.map(([tool, name, tip]) => {
      const button = makeButton(name, tip, () => this.take(tool));
      button.setAttribute("aria-pressed", String(tool === this.tool));
      group.append(button);
      return [tool, button];
    });
    this.whole = makeButton("All", "See all of the plane again (0)", () => this.goHome());
    this.letGo = new LetGo(this);
    this.tools.append(group, this.whole);
  }

  take(tool) {
    this.tool = tool;
    for (const [name, button] of this.toolButtons) button.setAttribute("aria-pressed", String(name === tool));
    this.surface.style.cursor = tool === "move" ? "grab" : "crosshair";
  }

  listen() {
    const on = (name, does, options) => this.surface.addEventListener(name, does, options);
    on("pointerdown", (event) => this.press(event));
    on("pointermove", (event) => this.drag(event));
    on("pointerup", (event) => this.release(event));
    on("pointercancel", () => this.drop());
    on("dblclick", () => this.goHome());
    on("wheel", (event) => this.wheel(event), { passive: false });
    on("keydown", (event) => this.key(event));
    on("blur", () => this.aim(null));
    this.take(this.tool);
  }

  draw(changed) {
    const all = changed === null;
    const has = (...names) => all || names.some((name) => changed.has(name));
    this.settle();
    if (has("points", "codes", "colours", "density", "picked_rows", "any_picked", "view", "limits")) this.drawRows();
    this.drawMarks();
    if (has("picked")) this.letGo.tell(this.facts.picked);
  }

  /** Find out what is visible: everything, unless a person has zoomed. */
  settle() {
    const { limits, plane } = this.facts;
    const home = JSON.stringify([plane.name, plane.x, plane.y]);
    if (home !== this.home) {
      this.home = home;
      this.zoomed = null;
    }
    const [left, right, bottom, top] = this.zoomed ?? this.around(limits);
    this.box = { left: 66, right: this.width - 12, top: 8, bottom: this.height - 46 };
    this.x = new Scale(left, right, this.box.left, this.box.right);
    this.y = new Scale(bottom, top, this.box.bottom, this.box.top);
  }

  /** The limits of the rows, with what prototypes lie outside. */
  around(limits) {
    let [left, right, bottom, top] = limits;
    const values = this.values("prototypes");
    for (let k = 0; k + 1 < values.length; k += 2) {
      if (!Number.isFinite(values[k]) || !Number.isFinite(values[k + 1])) continue;
      [left, right] = [Math.min(left, values[k]), Math.max(right, values[k])];
      [bottom, top] = [Math.min(bottom, values[k + 1]), Math.max(top, values[k + 1])];
    }
    const [wide, high] = [right - left, top - bottom];
    if (left < limits[0]) left -= 0.04 * wide;
    if (right > limits[1]) right += 0.04 * wide;
    if (bottom < limits[2]) bottom -= 0.04 * high;
    if (top > limits[3]) top += 0.04 * high;
    return [left, right, bottom, top];
  }

  look(code) {
    return lookOf(this.colours, code);
  }

  drawRows() {
    const context = this.rows.clear(this.width, this.height);
    context.fillStyle = this.colours.surface;
    context.fillRect(0, 0, this.width, this.height);
    drawAxes(context, this.box, this.x, this.y, this.facts.plane, this.colours);
    if (this.arrays.density) this.drawDensity(context);
    const { ratio } = this.rows;
    const { left, right, top, bottom } = this.box;
    const [w, h] = [Math.round((right - left) * ratio), Math.round((bottom - top) * ratio)];
    if (w < 1 || h < 1) return;
    const image = new ImageData(w, h);
    this.stamp(image, ratio);
    const picture = new OffscreenCanvas(w, h);
    picture.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(picture, left, top, right - left, bottom - top);
  }

  drawDensity(context) {
    const { values, shape: [rows, columns] } = this.arrays.density;
    const picture = new OffscreenCanvas(columns, rows);
    picture.getContext("2d").putImageData(new ImageData(new Uint8ClampedArray(values), columns, rows), 0, 0);
    const [left, right, bottom, top] = this.facts.limits;
    context.save();
    context.beginPath();
    context.rect(this.box.left, this.box.top, this.box.right - this.box.left, this.box.bottom - this.box.top);
    context.clip();
    context.imageSmoothingEnabled = false;
    context.translate(this.x.at(left), this.y.at(bottom));
    context.scale((this.x.at(right) - this.x.at(left)) / columns, (this.y.at(top) - this.y.at(bottom)) / rows);
    context.drawImage(picture, 0, 0);
    context.restore();
  }

  /** Stamp every row into the image: those not picked first, and pale where others are. */
  stamp(image, ratio) {
    const points = this.values("points");
    const codes = this.values("codes");
    const picked = this.values("picked_rows");
    const own = this.arrays.colours?.values;
    const n = points.length / 2;
    const size = (n > 50000 ? 2 : n > 10000 ? 3 : n > 1000 ? 5 : 7) * ratio;
    const anyPicked = Boolean(this.facts.any_picked);
    const pixels = new Uint32Array(image.data.buffer);
    const ink = this.inks(codes);
    const accent = packed(rgbOf(this.colours.accent));
    const lay = n > MANY ? layer : put;
    const [x0, kx] = [(this.x.at(0) - this.box.left) * ratio, (this.x.at(1) - this.x.at(0)) * ratio];
    const [y0, ky] = [(this.y.at(0) - this.box.top) * ratio, (this.y.at(1) - this.y.at(0)) * ratio];
    for (const pass of anyPicked ? [0, 1] : [0]) {
      const strength = anyPicked ? (pass ? 1 : FAINT) : PALE;
      const alpha = Math.round(255 * strength * (n > MANY ? 0.45 : 1));
      for (let i = 0; i < n; i += 1) {
        if (anyPicked && picked[i] !== pass) continue;
        const { colour, stencil } = ink(codes[i], size);
        let mine = colour;
        if (own) mine = anyPicked && pass ? accent : own[3 * i] | (own[3 * i + 1] << 8) | (own[3 * i + 2] << 16);
        const [x, y] = [Math.round(x0 + kx * points[2 * i]), Math.round(y0 + ky * points[2 * i + 1])];
        lay(pixels, image.width, image.height, x, y, stencil, mine, alpha);
      }
    }
  }

  /** Colour and stencil by code, each made once. */
  inks() {
    const known = new Map();
    return (code, size) => {
      if (!known.has(code)) {
        const [colour, marker] = this.look(code);
        known.set(code, { colour: packed(rgbOf(colour)), stencil: stencilOf(marker, size) });
      }
      return known.get(code);
    };
  }

  drawMarks() {
    const context = this.marks.clear(this.width, this.height);
    context.save();
    context.beginPath();
    context.rect(this.box.left, this.box.top, this.box.right - this.box.left, this.box.bottom - this.box.top);
    context.clip();
    this.over(context);
    this.drawRings(context);
    if (this.outline) this.drawOutline(context);
    context.restore();
  }

  over() {}

  ring(context, place, r) {
    context.beginPath();
    context.arc(this.x.at(place[0]), this.y.at(place[1]), r, 0, 2 * Math.PI);
    context.stroke();
  }

  drawRings(context) {
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 2.5;
    for (const k of this.values("picked_prototypes")) {
      const place = this.prototype(k);
      if (place) this.ring(context, place, 11);
    }
    if (this.cursor === null || !this.prototype(this.cursor)) return;
    context.setLineDash([3, 3]);
    context.strokeStyle = this.colours.text;
    context.lineWidth = 1.5;
    this.ring(context, this.prototype(this.cursor), 15);
    context.setLineDash([]);
  }

  drawOutline(context) {
    context.strokeStyle = this.colours.text;
    context.setLineDash([5, 4]);
    context.lineWidth = 1;
    context.beginPath();
    this.outline.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
    context.stroke();
    context.setLineDash([]);
  }

  get nPrototypes() {
    return this.values("prototypes").length / 2;
  }

  prototype(k) {
    const values = this.values("prototypes");
    return 2 * k + 1 < values.length ? [values[2 * k], values[2 * k + 1]] : null;
  }

  place(event) {
    const edge = this.surface.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top];
  }

  press(event) {
    if (event.button !== 0 || !this.x) return;
    this.surface.setPointerCapture(event.pointerId);
    this.pressed = this.place(event);
    this.before = [this.x.low, this.x.high, this.y.low, this.y.high];
    this.moved = false;
  }

  drag(event) {
    if (!this.pressed) return;
    const [[x0, y0], [x, y]] = [this.pressed, this.place(event)];
    if (!this.moved && Math.hypot(x - x0, y - y0) < 4) return;
    this.moved = true;
    if (this.tool === "move") {
      const [left, right, bottom, top] = this.before;
      const dx = ((x - x0) / (this.box.right - this.box.left)) * (right - left);
      const dy = ((y - y0) / (this.box.bottom - this.box.top)) * (top - bottom);
      this.zoom([left - dx, right - dx, bottom + dy, top + dy]);
      return;
    }
    if (this.tool === "lasso") this.outline = [...(this.outline ?? [[x0, y0]]), [x, y]];
    else this.outline = [[x0, y0], [x, y0], [x, y], [x0, y]];
    this.drawMarks();
  }

  release(event) {
    const { pressed, moved, outline } = this;
    this.drop();
    if (!pressed) return;
    if (!moved) this.click(pressed, how(event));
    else if (outline && outline.length > 2) {
      const places = outline.flatMap(([x, y]) => [this.x.value(x), this.y.value(y)]);
      this.point({ plane: this.facts.plane.name, features: this.facts.features ?? [0, 1], how: how(event) }, places);
    }
  }

  drop() {
    this.pressed = null;
    this.outline = null;
    if (this.x) this.drawMarks();
  }

  click(here, means) {
    const prototype = this.nearest(this.values("prototypes"), here, NEAR_PROTOTYPE);
    if (prototype !== null) {
      this.point({ prototype, how: means });
      return;
    }
    const row = this.nearest(this.values("points"), here, NEAR_ROW);
    if (row !== null) this.point({ row: this.arrays.rows ? this.values("rows")[row] : row, how: means });
    else if (means === "replace" && this.facts.picked) this.clear();
  }

  nearest(points, [x, y], within) {
    let [found, least] = [null, within * within];
    for (let k = 0; k + 1 < points.length; k += 2) {
      const away = (this.x.at(points[k]) - x) ** 2 + (this.y.at(points[k + 1]) - y) ** 2;
      if (away <= least) [found, least] = [k / 2, away];
    }
    return found;
  }

  zoom(limits) {
    this.zoomed = limits;
    this.note(new Set(["view"]));
    this.received.schedule();
  }

  goHome() {
    this.zoom(null);
  }

  wheel(event) {
    if (!event.ctrlKey && document.activeElement !== this.surface) return;
    event.preventDefault();
    const [x, y] = this.place(event);
    this.zoomAt(this.x.value(x), this.y.value(y), Math.exp(Math.sign(event.deltaY) * 0.15));
  }

  zoomAt(x, y, factor) {
    const about = (end, middle) => middle + (end - middle) * factor;
    this.zoom([about(this.x.low, x), about(this.x.high, x), about(this.y.low, y), about(this.y.high, y)]);
  }

  key(event) {
    const tool = TOOLS.find(([name]) => name[0] === event.key.toLowerCase());
    if (STEPS[event.key]) this.aim(nextAlong(this.places(), this.cursor, STEPS[event.key]));
    else if ((event.key === "Enter" || event.key === " ") && this.cursor !== null) {
      this.point({ prototype: this.cursor, how: how(event) });
    } else if (event.key === "Escape") this.clear();
    else if (event.key === "0") this.goHome();
    else if (event.key === "+" || event.key === "-") {
      const middle = [(this.x.low + this.x.high) / 2, (this.y.low + this.y.high) / 2];
      this.zoomAt(...middle, event.key === "+" ? 0.8 : 1.25);
    } else if (tool && !event.ctrlKey && !event.metaKey && !event.altKey) this.take(tool[0]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  /** Where the prototypes are, in pixels. */
  places() {
    return Array.from({ length: this.nPrototypes }, (_, k) => {
      const [x, y] = this.prototype(k);
      return [this.x.at(x), this.y.at(y)];
    });
  }

  aim(k) {
    this.cursor = k;
    if (this.x) this.drawMarks();
    if (k !== null) this.live.textContent = this.nameOf(k);
  }

  nameOf(k) {
    return `Prototype ${k}`;
  }
}
