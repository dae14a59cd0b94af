// Bits of a row against the error they leave: runs as points with names, the best so far, and a bound.

const NEAR = 9;
const MARKER = 5.5;

class RatePicture extends SheetPicture {
  layOut() {
    const { facts } = this;
    this.box = { left: 84, right: this.width - 16, top: 44, bottom: this.height - 46 };
    const points = this.points();
    this.scales(points);
    this.spots = points.map(([bits, error], k) => {
      const [x, y] = [this.x.at(bits), this.y.at(error)];
      return { x: x - NEAR, y: y - NEAR, w: 2 * NEAR, h: 2 * NEAR, told: facts.told[k] };
    });
    this.tellFoot();
    return this.height;
  }

  /** [bits, error, error on unseen rows or NaN] of each run. */
  points() {
    const values = this.values("points");
    return Array.from({ length: values.length / 3 }, (_, k) => [...values.subarray(3 * k, 3 * k + 3)]);
  }

  /** Axes that hold all points, and the mean row at no bits. */
  scales(points) {
    const { box } = this;
    const errors = [...points.flatMap(([, error, unseen]) => [error, unseen]), this.values("hull")[1]];
    const shown = errors.filter((value) => Number.isFinite(value) && (!this.facts.log || value > 0));
    const [low, high] = shown.length ? [Math.min(...shown), Math.max(...shown)] : [0.1, 1];
    const most = Math.max(1, ...points.map(([bits]) => bits));
    this.x = new Scale(0, 1.12 * most, box.left, box.right);
    const room = 0.07 * (high - low) || 0.1 * Math.max(Math.abs(high), 1);
    const margin = Math.max(1.1, (high / low) ** 0.07);
    if (this.facts.log) this.y = new Scale(low / margin, high * margin, box.bottom, box.top, true);
    else this.y = new Scale(low - room, high + room, box.bottom, box.top);
  }

  paint(context) {
    const { box, x, y, facts } = this;
    drawAxes(context, box, x, y, { x: "bits of a row", y: "squared error of a component" }, this.colours);
    this.drawTop(context);
    context.save();
    context.beginPath();
    context.rect(box.left, box.top, box.right - box.left, box.bottom - box.top);
    context.clip();
    this.drawPath(context, "bound", this.colours.muted, 1.6, [2, 4]);
    this.drawPath(context, "hull", this.colours.text, 1.2, []);
    context.restore();
    const points = this.points();
    points.forEach((point, k) => this.drawPoint(context, point, lookOf(this.colours, this.values("engines")[k])));
    const current = points[facts.current];
    if (current) {
      context.strokeStyle = this.colours.accent;
      context.lineWidth = 2;
      context.beginPath();
      context.arc(x.at(current[0]), y.at(current[1]), 11, 0, 2 * Math.PI);
      context.stroke();
    }
    this.drawNames(context, points);
  }

  /** Bits of a component along the top. */
  drawTop(context) {
    const { box, x, facts } = this;
    const n = Math.max(1, facts.n_features);
    const top = new Scale(0, x.high / n, box.left, box.right);
    context.fillStyle = this.colours.muted;
    context.textAlign = "center";
    context.textBaseline = "bottom";
    for (const [value, text] of top.ticks((box.right - box.left) / 110)) context.fillText(text, top.at(value), box.top - 5);
    context.fillStyle = this.colours.text;
    context.fillText("bits of a component", (box.left + box.right) / 2, box.top - 22);
  }

  drawPath(context, name, colour, width, dashes) {
    const values = this.values(name);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(dashes);
    context.beginPath();
    let begun = false;
    for (let k = 0; k + 1 < values.length; k += 2) {
      if (!(values[k + 1] > 0) && this.facts.log) continue;
      context[begun ? "lineTo" : "moveTo"](this.x.at(values[k]), this.y.at(values[k + 1]));
      begun = true;
    }
    context.stroke();
    context.setLineDash([]);
  }

  /** A marker, and above or below it a hollow one for rows that were not learned from. */
  drawPoint(context, [bits, error, unseen], [colour, marker]) {
    const [x, y] = [this.x.at(bits), this.y.at(error)];
    context.strokeStyle = colour;
    context.lineWidth = 1.2;
    if (Number.isFinite(unseen) && (unseen > 0 || !this.facts.log)) {
      context.beginPath();
      line(context, x, y, x, this.y.at(unseen));
      addMarker(context, marker, x, this.y.at(unseen), MARKER - 1.5);
      context.stroke();
    }
    context.fillStyle = colour;
    context.strokeStyle = this.colours.surface;
    context.beginPath();
    addMarker(context, marker, x, y, MARKER);
    context.fill();
    context.stroke();
  }

  /** Names beside the points, each where it covers neither a point nor another name; none where there is no such place. */
  drawNames(context, points) {
    const taken = this.spots.map(({ x, y, w, h }) => [x + 2, y + 2, x + w - 2, y + h - 2]);
    context.font = FONT;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillStyle = this.colours.text;
    context.strokeStyle = this.colours.surface;
    context.lineWidth = 4;
    context.lineJoin = "round";
    this.facts.names.forEach((name, k) => {
      const text = fitted(context, name, 180);
      const w = context.measureText(text).width;
      const [x, y] = [this.x.at(points[k][0]), this.y.at(points[k][1])];
      const corners = [[x + 11, y - 8], [x - 11 - w, y - 8], [x - w / 2, y - 25], [x - w / 2, y + 9], [x + 8, y - 22], [x + 8, y + 6]];
      const rooms = corners.map(([left, top]) => [left, top, left + w, top + 16]);
      const free = rooms.find((room) => this.holds(room) && !taken.some((other, o) => o !== k && meet(room, other)));
      if (!free) return;
      taken.push(free);
      context.strokeText(text, free[0], free[1] + 8);
      context.fillText(text, free[0], free[1] + 8);
    });
  }

  holds([left, top, right, bottom]) {
    const { box } = this;
    return left >= box.left && right <= this.width - 2 && top >= box.top && bottom <= box.bottom;
  }

  tellFoot() {
    const { engine_titles: titles, lines, note } = this.facts;
    const entries = titles.map((title, code) => legendEntry(lookOf(this.colours, code), title));
    if (this.values("hull").length) entries.push(this.lineEntry(lines[0], this.colours.text, []));
    if (this.values("bound").length) entries.push(this.lineEntry(lines[1], this.colours.muted, [2, 4]));
    this.foot.replaceChildren(...entries, make("span", { text: note }));
  }

  lineEntry(text, colour, dashes) {
    const entry = make("span", { class: "vqw-legend" });
    const context = new Layer(entry).clear(24, 14);
    context.strokeStyle = colour;
    context.lineWidth = 1.6;
    context.setLineDash(dashes);
    context.beginPath();
    line(context, 0, 7, 24, 7);
    context.stroke();
    entry.append(make("span", { text }));
    return entry;
  }

  words() {
    return `${this.facts.note}. ${this.facts.told.slice(0, 6).map((told) => told.replaceAll("\n", ", ")).join(". ")}.`;
  }
}

/** Whether two boxes have a place in common. */
function meet(one, other) {
  return one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3];
}

export default widget(RatePicture);
