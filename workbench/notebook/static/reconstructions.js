// Rows and what their codes make of them: pictures side by side, marks on a line for each feature, or curves.

const MARGIN = 10;
const GAP = 20;
const TITLE = 26;
const KEY = 40;
const BETWEEN = 6;
const MARK = 18;
const [SMALLEST, LARGEST] = [56, 108];
const LEAST_WIDE = { marks: 260, curves: 220 };

class ReconstructionsPicture extends SheetPicture {
  layOut(changed) {
    const { facts } = this;
    const has = (name) => changed === null || changed.has(name);
    if (facts.kind === "pictures" && (has("original") || has("reconstruction") || has("errors") || has("kind"))) {
      this.sprites = ["original", "reconstruction"].map((name) => new Sprites(this.arrays[name]));
      this.wrong = null;
    }
    if (facts.kind === "pictures" && (!this.wrong || this.inked !== this.dark)) this.paintErrors();
    this.measure();
    const [columns, wide, high] = [this.columns, this.wide, this.body_ + TILE_TEXT];
    this.spots = [];
    this.titles = [];
    let y = MARGIN + KEY;
    for (const [name, n] of facts.groups) {
      if (!n) continue;
      this.titles.push([`${name[0].toUpperCase()}${name.slice(1)} rows`, y]);
      y += TITLE;
      for (let k = 0; k < n; k += 1) {
        const which = this.spots.length;
        const place = { x: MARGIN + (k % columns) * (wide + GAP), y: y + Math.floor(k / columns) * (high + 10) };
        this.spots.push({ ...place, w: wide, h: high, told: facts.told[which], pick: { row: this.values("rows")[which] } });
      }
      y += Math.ceil(n / columns) * (high + 10) + 4;
    }
    this.tellFoot();
    return y + MARGIN;
  }

  /** Errors in the diverging colours of the theme, as sprites. */
  paintErrors() {
    const { values, shape } = this.arrays.errors;
    const table = tableOf(this.colours, "diverging");
    const { limit } = this.facts;
    const pixels = new Uint8Array(3 * values.length);
    values.forEach((value, k) => {
      const at = rankOf(shareOf(Number.isFinite(value) ? value : 0, -limit, limit));
      pixels.set(table.subarray(at, at + 3), 3 * k);
    });
    this.wrong = new Sprites({ values: pixels, shape: [...shape, 3] });
    this.inked = this.dark;
  }

  get parts() {
    const code = this.arrays.bits ? ["code"] : [];
    return this.facts.kind === "pictures" ? ["original", ...code, "reconstruction", "error"] : [];
  }

  /** How many rows go side by side, and how wide and high each is. */
  measure() {
    const room = this.width - 2 * MARGIN + GAP;
    const { kind, feature_names: names } = this.facts;
    const n = this.parts.length;
    const least = kind === "pictures" ? Math.max(n * SMALLEST + (n - 1) * BETWEEN, 170) : LEAST_WIDE[kind];
    const fitting = Math.floor(room / (least + GAP));
    this.columns = fitting >= 4 ? 4 : fitting >= 2 ? 2 : 1;
    this.wide = Math.min(room / this.columns - GAP, 480);
    if (kind === "pictures") {
      const { w, h } = this.sprites[0];
      const most = Math.min((this.wide - (n - 1) * BETWEEN) / n, LARGEST);
      const wide = crispSize(w, w < h ? (most * w) / h : most, devicePixelRatio || 1);
      this.tile = [wide, (wide * h) / w];
    }
    this.body_ = { pictures: this.tile?.[1], marks: names.length * MARK + 4, curves: 110 }[kind];
  }

  paint(context, top, bottom) {
    this.drawKey(context);
    context.font = `600 ${FONT}`;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = this.colours.text;
    for (const [title, y] of this.titles) context.fillText(title, MARGIN, y + TITLE / 2 - 2);
    const drawn = { pictures: this.drawPictures, marks: this.drawMarks, curves: this.drawCurves }[this.facts.kind];
    this.spots.forEach((spot, k) => {
      if (spot.y > bottom || spot.y + spot.h < top) return;
      const box = { x: Math.round(spot.x), y: Math.round(spot.y), w: spot.w, h: this.body_ };
      drawn.call(this, context, k, box);
      const caption = { name: this.facts.heads[k], caption: this.facts.captions[k] };
      drawCaption(context, box.x, box.y + box.h, box.w, caption, this.colours);
    });
  }

  /** What is what, once for all rows. */
  drawKey(context) {
    context.font = FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = this.colours.text;
    if (this.facts.kind === "pictures") {
      const words = `${this.parts.join("  |  ")}:`;
      context.fillText(words, MARGIN, MARGIN + 6);
      const x = MARGIN + context.measureText(words).width + 10;
      const [low, high] = this.facts.ends;
      const w = Math.min(320, this.width - x - MARGIN);
      const told = { low, high, words: "reconstruction less original" };
      drawScale(context, { x, y: MARGIN, w }, told, tableOf(this.colours, "diverging"), this.colours);
      return;
    }
    let x = MARGIN;
    const isMarks = this.facts.kind === "marks";
    const keys = [["original", this.colours.text], ["reconstruction", this.colours.accent], ["error", this.colours.danger]];
    for (const [k, [text, colour]] of keys.entries()) {
      context.fillStyle = context.strokeStyle = colour;
      context.lineWidth = 2;
      context.beginPath();
      if (isMarks && k < 2) addMarker(context, k ? "diamond" : "circle", x + 8, MARGIN + 6, 4.5);
      else line(context, x, MARGIN + 6, x + 16, MARGIN + 6);
      if (isMarks && k < 2) context.fill();
      else context.stroke();
      context.fillStyle = this.colours.text;
      context.fillText(text, x + 22, MARGIN + 6);
      x += 40 + context.measureText(text).width;
    }
  }

  drawPictures(context, k, { x, y }) {
    const [wide, high] = this.tile;
    this.parts.forEach((part, p) => {
      const left = x + p * (wide + BETWEEN);
      if (part === "code") this.drawBits(context, k, left, y, wide, high);
      else {
        const sprites = { original: this.sprites[0], reconstruction: this.sprites[1], error: this.wrong }[part];
        sprites.draw(context, k, left, y, wide, high);
      }
      drawEdge(context, left, y, wide, high, this.colours.grid);
    });
  }

  /** A code of bits as a table: full is 1, pale is 0. */
  drawBits(context, k, x, y, wide, high) {
    const { values, shape: [, down, across] } = this.arrays.bits;
    const [w, h] = [wide / across, high / down];
    for (let b = 0; b < down * across; b += 1) {
      const bit = values[k * down * across + b];
      if (bit < 0) continue;
      context.fillStyle = bit ? this.colours.accent : this.colours.grid;
      context.fillRect(x + (b % across) * w + 0.5, y + Math.floor(b / across) * h + 0.5, w - 1, h - 1);
    }
  }

  rowOf(name, k) {
    const { values, shape } = this.arrays[name];
    return values.subarray(k * shape[1], (k + 1) * shape[1]);
  }

  /** For each feature a dot at the original, a diamond at the reconstruction, and the error as a line between. */
  drawMarks(context, k, { x, y, w }) {
    const [before, after] = [this.rowOf("original", k), this.rowOf("reconstruction", k)];
    const left = x + 0.4 * w;
    const at = (share) => left + 6 + (w * 0.6 - 12) * shareOf(Number.isFinite(share) ? share : 0, 0, 1);
    context.font = FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    this.facts.feature_names.forEach((name, j) => {
      const level = y + (j + 0.5) * MARK;
      context.fillStyle = this.colours.muted;
      context.fillText(fitted(context, name, 0.4 * w - 6), x, level);
      this.drawLine(context, at(0), at(1), level, this.colours.grid, 1);
      this.drawLine(context, at(before[j]), at(after[j]), level, this.colours.danger, 2);
      for (const [share, marker, colour] of [[before[j], "circle", this.colours.text], [after[j], "diamond", this.colours.accent]]) {
        context.fillStyle = colour;
        context.beginPath();
        addMarker(context, marker, at(share), level, 4);
        context.fill();
      }
    });
  }

  drawLine(context, from, to, y, colour, width) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    line(context, from, y, to, y);
    context.stroke();
  }

  /** Original and reconstruction over one another, and their difference below. */
  drawCurves(context, k, { x, y, w, h }) {
    const [before, after] = [this.rowOf("original", k), this.rowOf("reconstruction", k)];
    const upper = { x, y, w, h: 0.66 * h };
    const lower = { x, y: y + 0.7 * h, w, h: 0.3 * h };
    drawEdge(context, x + 1, y + 1, w - 2, upper.h - 2, this.colours.grid);
    this.drawLine(context, x, x + w, crisp(lower.y + lower.h / 2), this.colours.grid, 1);
    drawCurve(context, before, upper, this.colours.text);
    drawCurve(context, after, upper, this.colours.accent);
    const error = Array.from(before, (value, j) => 0.5 + 0.5 * Math.min(1, Math.max(-1, after[j] - value)));
    drawCurve(context, error, lower, this.colours.danger);
  }

  tellFoot() {
    this.foot.replaceChildren(make("span", { text: this.facts.note }));
  }

  isPicked() {
    return false;  // where rows are picked, these alone are shown
  }

  words() {
    return `${this.facts.heads.length} rows: ${this.facts.note}.`;
  }
}

export default widget(ReconstructionsPicture);
