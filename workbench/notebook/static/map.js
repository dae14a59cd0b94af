// A map's units on their grid: all panels at a glance, or one of them large; cells are hexagons or squares.

const MARGIN = 10;
const GAP = 18;
const LARGE = { least: 165, most: 380 };
const SMALL = 140;
const TITLE = 20;
const SCALE = 32;
const CORNER = 1 / Math.sqrt(3);  // of a hexagon from its middle, in widths

class MapPicture extends SheetPicture {
  build() {
    super.build();
    this.panels = new Choice("Show", (panel) => this.choose({ panel }));
    this.search = make("input", { type: "search", class: "vqw-input", "aria-label": "Find units", placeholder: "petal length high" });
    this.search.title = "Light up units by their features: high, low, > 3.5, or between 1 and 2";
    this.search.addEventListener("change", () => this.choose({ search: this.search.value }));
    const label = make("label", { class: "vqw-choice" });
    label.append(make("span", { text: "Find units" }), this.search);
    this.tools.prepend(this.panels.element, label);
    this.surface.addEventListener("pointerdown", (event) => this.hold(event));
    this.surface.addEventListener("pointermove", (event) => this.shift(event));
    this.surface.addEventListener("pointercancel", () => (this.held = null));
    this.cut = [0, 0];
  }

  layOut(changed) {
    const { facts } = this;
    if (changed === null || changed.has("origin")) this.cut = facts.origin;
    this.panels.offer(facts.names, facts.chosen);
    if (document.activeElement !== this.search) this.search.value = facts.search;
    this.search.placeholder = facts.example;
    this.frames = [];
    const bottom = facts.chosen ? this.layOutOne() : this.layOutAll();
    this.spots = this.frames.flatMap((frame, p) => [...this.titleSpot(frame, p), ...(frame.large ? this.unitSpots(frame) : [])]);
    this.tellFoot();
    return bottom;
  }

  get aspect() {
    const [w, h] = this.facts.grid.frame;
    return h / w;
  }

  layOutOne() {
    const room = this.height - 2 * MARGIN - TITLE - SCALE - 14;
    const w = Math.max(80, Math.min(this.width - 2 * MARGIN, room / this.aspect));
    this.frames = [{ x: MARGIN, y: MARGIN + TITLE, w, large: true }];
    return MARGIN + TITLE + w * this.aspect + SCALE + MARGIN;
  }

  layOutAll() {
    const { n_large: n, panels } = this.facts;
    const room = this.width - 2 * MARGIN;
    const across = [n, 2, 1].find((k) => k === 1 || (k <= n && room >= k * LARGE.least + (k - 1) * GAP));
    const w = Math.min(LARGE.most, (room - (across - 1) * GAP) / across, 420 / this.aspect);
    const high = TITLE + w * this.aspect + SCALE + 10;
    for (let p = 0; p < n; p += 1) {
      const [line, column] = [Math.floor(p / across), p % across];
      this.frames.push({ x: MARGIN + column * (w + GAP), y: MARGIN + line * high + TITLE, w, large: true });
    }
    const top = MARGIN + Math.ceil(n / across) * high + 8;
    const inner = room - 12 + GAP;  // frames of groups are around the tiles
    const many = Math.max(1, Math.floor(inner / (SMALL + GAP)));
    const small = Math.min(inner / many - GAP, 200);
    const pitch = small * this.aspect + 3 * TITLE + 10;
    for (let p = n; p < panels.length; p += 1) {
      const [line, column] = [Math.floor((p - n) / many), (p - n) % many];
      this.frames.push({ x: MARGIN + 6 + column * (small + GAP), y: top + line * pitch + 2 * TITLE, w: small, line, column });
    }
    return top + Math.ceil((panels.length - n) / many) * pitch + MARGIN;
  }

  /** What picks the feature of a component plane. */
  titleSpot(frame, p) {
    const { title, low, high, feature } = this.facts.panels[p];
    if (feature === null) return [];
    const told = `${title}: ${low} to ${high}\nClick to pick the feature`;
    const h = frame.large ? TITLE : TITLE + frame.w * this.aspect + TITLE;
    return [{ x: frame.x - 4, y: frame.y - TITLE, w: frame.w + 8, h, told, pick: { features: [feature] } }];
  }

  unitSpots(frame) {
    const { units } = this.facts;
    const shares = this.values("shares");
    const most = Math.max(...shares, 0);
    const values = this.row(this.frames.indexOf(frame));
    return units.map((told, unit) => {
      const [x, y, right, bottom] = this.box(frame, unit);
      const spot = { x, y, w: right - x, h: bottom - y, told, pick: { prototype: unit } };
      if (this.facts.chosen && Number.isFinite(values[unit])) spot.told += `\n${this.facts.panels[0].title}: ${number(values[unit])}`;
      spot.share = most ? shares[unit] / most : 0;
      spot.corners = this.corners(middle(spot), spot.w);
      return spot;
    });
  }

  row(p) {
    const { values, shape } = this.arrays.values;
    return values.subarray(p * shape[1], (p + 1) * shape[1]);
  }

  /** Left, top, right and bottom of a unit in a frame. */
  box(frame, unit) {
    const scale = frame.w / this.facts.grid.frame[0];
    const box = this.values("boxes").subarray(4 * unit, 4 * unit + 4);
    return [frame.x + box[0] * scale, frame.y + box[1] * scale, frame.x + box[2] * scale, frame.y + box[3] * scale];
  }

  /** Corners of a cell around a middle, `wide` from side to side. */
  corners([x, y], wide) {
    const half = wide / 2;
    if (!this.facts.grid.hexagonal) return [[x - half, y - half], [x + half, y - half], [x + half, y + half], [x - half, y + half]];
    const r = wide * CORNER;
    return [[x, y - r], [x + half, y - r / 2], [x + half, y + r / 2], [x, y + r], [x - half, y + r / 2], [x - half, y - r / 2]];
  }

  paint(context, top, bottom) {
    this.drawGroups(context);
    this.frames.forEach((frame, p) => {
      const high = frame.w * this.aspect;
      if (frame.y - 2 * TITLE > bottom || frame.y + high + SCALE < top) return;
      this.drawPanel(context, frame, p, high);
    });
  }

  drawPanel(context, frame, p, high) {
    const { panels, n_large: n, opposite } = this.facts;
    const shown = panels[p];
    const mark = frame.large ? "" : opposite[p - n] ? " (opposite)" : "";
    context.font = FONT;
    context.fillStyle = this.colours.text;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(fitted(context, shown.title + mark, frame.w), frame.x, frame.y - TITLE / 2);
    context.save();
    context.beginPath();
    context.rect(frame.x, frame.y, frame.w, high);
    context.clip();
    this.drawCells(context, frame, p);
    this.drawLines(context, frame, shown.lines);
    context.restore();
    const place = { x: frame.x, y: frame.y + high + 4, w: frame.w };
    const words = { low: shown.low, high: shown.high, words: shown.scale };
    if (shown.ends) drawScale(context, place, words, tableOf(this.colours, "sequential"), this.colours, this.facts.grid.palest);
  }

  /** All cells of a panel; of a torus also those that are seen again beyond the cut, paler. */
  drawCells(context, frame, p) {
    const { grid } = this.facts;
    const n = this.values("boxes").length / 4;
    const boxes = Array.from({ length: n }, (_, unit) => this.box(frame, unit));
    const wide = grid.pitch * (frame.w / grid.frame[0]);
    const size = wide + (wide >= 8 ? -1.3 : 0.6);  // between small cells there is no gap
    const colours = this.cellColours(p, wide);
    const lit = this.arrays.lit?.values;
    const each = (dx, dy, faded) => {
      for (let unit = 0; unit < n; unit += 1) {
        const at = [(boxes[unit][0] + boxes[unit][2]) / 2 + dx, (boxes[unit][1] + boxes[unit][3]) / 2 + dy];
        context.globalAlpha = faded * (lit && !lit[unit] ? 1 - grid.dimmed : 1);
        this.fillCell(context, at, size, colours[unit]);
        if (this.facts.panels[p].pies && wide >= grid.pie_pitch) this.drawPie(context, at, wide, unit);
      }
    };
    if (grid.period) this.drawBeyond(frame, each, 1 - grid.faded);
    if (grid.period) this.drawCut(context, boxes, wide);
    each(0, 0, 1);
    context.globalAlpha = 1;
    if (lit) this.drawRim(context, boxes, wide, lit);
  }

  drawBeyond(frame, each, faded) {
    const [across, down] = this.facts.grid.period.map((length) => (length * frame.w) / this.facts.grid.frame[0]);
    for (const a of [-1, 0, 1]) for (const b of [-1, 0, 1]) if (a || b) each(a * across, b * down, faded);
  }

  /** Where a torus is cut: a line around the units, each once. */
  drawCut(context, boxes, wide) {
    context.globalAlpha = 1;
    const cells = (draw) => boxes.forEach(([x, y, right, bottom]) => {
      this.trace(context, this.corners([(x + right) / 2, (y + bottom) / 2], wide));
      draw();
    });
    context.strokeStyle = this.colours.muted;
    context.lineWidth = 3;
    cells(() => context.stroke());
    context.fillStyle = this.colours.surface;
    cells(() => context.fill());
  }

  drawRim(context, boxes, wide, lit) {
    context.strokeStyle = this.colours.text;
    context.lineWidth = Math.min(2, wide / 8);
    boxes.forEach(([x, y, right, bottom], unit) => {
      if (!lit[unit]) return;
      this.trace(context, this.corners([(x + right) / 2, (y + bottom) / 2], wide - context.lineWidth));
      context.stroke();
    });
  }

  trace(context, corners) {
    context.beginPath();
    corners.forEach(([x, y], k) => (k ? context.lineTo(x, y) : context.moveTo(x, y)));
    context.closePath();
  }

  fillCell(context, at, size, colour) {
    context.fillStyle = colour;
    this.trace(context, this.corners(at, size));
    context.fill();
  }

  /** The colour of each cell: by value, or, under pies, that of its commonest class, pale where pies are drawn. */
  cellColours(p, wide) {
    const { ends, pies } = this.facts.panels[p];
    const table = tableOf(this.colours, "sequential");
    if (!pies) {
      const rank = (value) => (Number.isFinite(value) ? shareOf(value, ...ends) : NaN);
      return Array.from(this.row(p), (value) => shade(table, rank(value), this.colours.grid, this.facts.grid.palest));
    }
    const { values, shape: [n, many] } = this.arrays.counts;
    const pale = wide >= this.facts.grid.pie_pitch ? 0.28 : 1;
    return Array.from({ length: n }, (_, unit) => {
      const counts = values.subarray(unit * many, (unit + 1) * many);
      const most = Math.max(...counts);
      if (!most) return mixed(this.colours.grid, this.colours.surface, 0.5);
      return mixed(lookOf(this.colours, this.facts.classes[counts.indexOf(most)][0])[0], this.colours.surface, pale);
    });
  }

  /** Slices run clockwise from the top in the order of the classes. */
  drawPie(context, [x, y], wide, unit) {
    const radius = Math.max(1.6, (this.values("radii")[unit] * wide) / 2);
    const many = this.facts.classes.length;
    const counts = this.values("counts").subarray(unit * many, (unit + 1) * many);
    const total = counts.reduce((a, b) => a + b, 0);
    let from = -Math.PI / 2;
    counts.forEach((count, c) => {
      if (!count) return;
      const to = from + (2 * Math.PI * count) / total;
      context.fillStyle = lookOf(this.colours, this.facts.classes[c][0])[0];
      context.beginPath();
      if (count < total) context.moveTo(x, y);
      context.arc(x, y, radius, from, to);
      context.fill();
      from = to;
    });
  }

  drawLines(context, frame, lines) {
    const scale = frame.w / this.facts.grid.frame[0];
    context.strokeStyle = this.colours.danger;
    context.lineCap = "round";
    for (const [x, y, toX, toY, share] of lines) {
      context.lineWidth = (1 + 3 * share) * Math.min(1, frame.w / 360);
      context.beginPath();
      line(context, frame.x + x * scale, frame.y + y * scale, frame.x + toX * scale, frame.y + toY * scale);
      context.stroke();
    }
    context.lineCap = "butt";
  }

  /** Frames around planes that are alike, and how much they are. */
  drawGroups(context) {
    const { groups, headings, n_large: n } = this.facts;
    const planes = this.frames.slice(n);
    context.font = FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    planes.forEach((frame, k) => {
      if (!headings[groups[k]] || (k && groups[k - 1] === groups[k] && planes[k - 1].line === frame.line)) return;
      let last = k;
      while (planes[last + 1]?.line === frame.line && groups[last + 1] === groups[k]) last += 1;
      const [x, y] = [frame.x - 7, frame.y - 2 * TITLE];
      const wide = planes[last].x + frame.w + 7 - x;
      context.strokeStyle = this.colours.grid;
      context.lineWidth = 1;
      context.strokeRect(crisp(x), crisp(y), wide, 3 * TITLE + frame.w * this.aspect + 4);
      context.fillStyle = this.colours.muted;
      const goesOn = k && groups[k - 1] === groups[k] ? " (goes on)" : "";
      context.fillText(fitted(context, headings[groups[k]] + goesOn, wide - 14), x + 7, y + TITLE / 2);
    });
  }

  /** A dot in a unit, its area by its share of the picked rows; as large as the cell where it has most. */
  drawShare(context, spot) {
    const [x, y] = middle(spot);
    context.beginPath();
    context.arc(x, y, Math.max(2, 0.38 * spot.w * Math.sqrt(spot.share)), 0, 2 * Math.PI);
    context.fillStyle = this.colours.accent;
    context.fill();
    context.strokeStyle = this.colours.surface;
    context.lineWidth = 1.5;
    context.stroke();
  }

  tellFoot() {
    const { classes, note, found, grid } = this.facts;
    const legend = classes.slice(0, 12).map(([code, name]) => legendEntry(lookOf(this.colours, code), name));
    if (classes.length > 12) legend.push(make("span", { text: `and ${classes.length - 12} more` }));
    const more = grid.toroidal ? " · drag it, or press Shift and an arrow key, to cut it elsewhere" : "";
    if (found) legend.unshift(make("strong", { text: found }));
    this.foot.replaceChildren(...legend, make("span", { text: note + more }));
  }

  hold(event) {
    this.dragged = false;
    const [x, y] = this.place(event);
    const inside = (frame) => x >= frame.x && x <= frame.x + frame.w && y >= frame.y && y <= frame.y + frame.w * this.aspect;
    const frame = this.facts.grid?.toroidal ? this.frames.find(inside) : null;
    this.held = frame ? { x, y, cut: this.cut, pitch: (this.facts.grid.pitch * frame.w) / this.facts.grid.frame[0] } : null;
  }

  shift(event) {
    if (!this.held || !event.buttons) return;
    const [x, y] = this.place(event);
    const { pitch, cut, x: x0, y: y0 } = this.held;
    if (!this.dragged && Math.hypot(x - x0, y - y0) < 4) return;
    this.dragged = true;
    this.hideTip();
    const { step, hexagonal } = this.facts.grid;
    const down = step * Math.round((y - y0) / (pitch * step * (hexagonal ? Math.sqrt(0.75) : 1)));
    this.cutAt([cut[0] - down, cut[1] - Math.round((x - x0) / pitch)]);
  }

  cutAt([down, right]) {
    if (down === this.cut[0] && right === this.cut[1]) return;
    this.cut = [down, right];
    this.choose({ origin: this.cut });
  }

  click(event) {
    this.held = null;
    if (!this.dragged) super.click(event);
  }

  key(event) {
    const step = event.shiftKey && this.facts.grid?.toroidal ? STEPS[event.key] : null;
    if (!step) {
      super.key(event);
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    this.cutAt([this.cut[0] - step[1] * this.facts.grid.step, this.cut[1] - step[0]]);
  }

  words() {
    const { panels, note, chosen } = this.facts;
    return `${chosen || panels.map(({ title }) => title).slice(0, 8).join(", ")}. ${note}.`;
  }
}

/** "rgb(…)" of so much of one colour over another. */
function mixed(colour, ground, share) {
  const [one, other] = [rgbOf(colour), rgbOf(ground)];
  return `rgb(${one.map((value, c) => Math.round(share * value + (1 - share) * other[c])).join(", ")})`;
}

export default widget(MapPicture);
