// A run while it learns: a line on how far it is, buttons, and its curves one above another.

const DASHES = [[], [7, 4], [2, 3], [8, 3, 2, 3]];
const FEW = 30;
const BESIDE = 230;  // pixels that a title in the legend needs
const LOWEST = 170;
const TITLE = 16;  // pixels of a panel's title, above it as it is longer than most panels are high

class MonitorPicture extends Picture {
  build() {
    this.bar = new RunBar((what) => this.act(what));
    this.counter = make("span", { class: "vqw-words vqw-name" });
    this.tools.classList.add("vqw-stays");
    this.tools.append(...this.bar.elements, this.counter);
    this.layer = new Layer(this.body, { role: "img" });
    this.tools.after(this.bar.alarm);
  }

  draw() {
    this.drawPanels();
  }

  tellState() {
    this.bar.tell(this.facts);
    this.counter.textContent = this.frameWords();
    clearTimeout(this.resting);
    this.resting = setTimeout(() => (this.counter.textContent = this.frameWords()), 2100);
  }

  frameWords() {
    const { number, rate } = this.received;
    return `frame ${number.toLocaleString("en-US")}${rate ? ` · ${rate.toFixed(0)}/s` : ""}`;
  }

  /** Panels in as many columns as there is room for; where they would get too low, the picture grows. */
  drawPanels() {
    const { panels } = this.facts;
    const columns = Math.max(1, Math.min(panels.length, Math.floor(this.width / 300)));
    const lines = Math.max(1, Math.ceil(panels.length / columns));
    const whole = Math.max(this.height, lines * LOWEST);
    if (this.body.style.height !== `${whole}px`) this.body.style.height = `${whole}px`;
    const context = this.layer.clear(this.width, whole);
    context.fillStyle = this.colours.surface;
    context.fillRect(0, 0, this.width, whole);
    const [wide, high] = [this.width / columns, whole / lines];
    panels.forEach((panel, p) => {
      context.save();
      context.translate((p % columns) * wide, Math.floor(p / columns) * high);
      this.drawPanel(context, panel, p, wide, high);
      context.restore();
    });
  }

  drawPanel(context, panel, p, wide, high) {
    const curves = panel.curves.map((curve, c) => ({ ...curve, points: this.values(`curve ${p} ${c}`) }));
    const n = panel.curves.length;
    const legend = n > 1 ? (wide < BESIDE * n ? n : 1) : 0;  // so many lines, as titles are not cut if possible
    const box = { left: 62, right: wide - 20, top: TITLE + 8 + 14 * legend, bottom: high - 46 };
    const x = this.across(curves, box);
    const y = this.up(curves, panel, box);
    drawAxes(context, box, x, y, { x: this.facts.x }, this.colours);
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(fitted(context, panel.label, box.right - box.left), box.left, TITLE / 2 + 2);
    context.save();
    context.beginPath();
    context.rect(box.left - 3, box.top - 3, box.right - box.left + 6, box.bottom - box.top + 6);
    context.clip();
    for (const curve of curves) this.drawCurve(context, curve, x, y, curves.length > 1);
    context.restore();
    if (legend) this.drawLegend(context, curves, box, legend > 1);
  }

  across(curves, box) {
    let last = 1;
    for (const { points } of curves) if (points.length) last = Math.max(last, points[points.length - 2]);
    return new Scale(0, roundEnd(last), box.left, box.right);
  }

  up(curves, panel, box) {
    let [low, high] = panel.limits ?? [Infinity, -Infinity];
    if (!panel.limits) {
      for (const { points } of curves) {
        for (let k = 1; k < points.length; k += 2) [low, high] = [Math.min(low, points[k]), Math.max(high, points[k])];
      }
    }
    if (!(low <= high)) [low, high] = panel.log ? [0.1, 1] : [0, 1];
    if (panel.log) return new Scale(low / 1.15, high * 1.15, box.bottom, box.top, true);
    const margin = 0.05 * (high - low || Math.abs(high) || 1);
    return new Scale(panel.limits ? low : low - margin, high + margin, box.bottom, box.top);
  }

  drawCurve(context, { points, code }, x, y, several) {
    const colour = several ? lookOf(this.colours, code)[0] : this.colours.accent;
    context.strokeStyle = context.fillStyle = colour;
    context.lineWidth = 1.6;
    context.setLineDash(several ? DASHES[code % DASHES.length] : []);
    context.beginPath();
    for (let k = 0; k < points.length; k += 2) {
      const [px, py] = [x.at(points[k]), y.at(points[k + 1])];
      if (k) context.lineTo(px, py);
      else context.moveTo(px, py);
    }
    context.stroke();
    context.setLineDash([]);
    if (points.length > 2 * FEW) return;
    context.beginPath();
    for (let k = 0; k < points.length; k += 2) addMarker(context, "circle", x.at(points[k]), y.at(points[k + 1]), 2.2);
    context.fill();
  }

  drawLegend(context, curves, box, isStacked) {
    context.font = FONT;
    context.textBaseline = "middle";
    context.textAlign = "left";
    let [at, y] = [box.left, TITLE + 9];
    const room = isStacked ? box.right - box.left : (box.right - box.left) / curves.length;
    for (const { title, code } of curves) {
      context.strokeStyle = lookOf(this.colours, code)[0];
      context.lineWidth = 2;
      context.setLineDash(DASHES[code % DASHES.length]);
      context.beginPath();
      line(context, at, y, at + 24, y);
      context.stroke();
      context.setLineDash([]);
      context.fillStyle = this.colours.text;
      const shown = fitted(context, title, room - 45);
      context.fillText(shown, at + 29, y);
      if (isStacked) y += 14;
      else at += 45 + context.measureText(shown).width;
    }
  }

  describe() {
    const { words, latest } = this.facts;
    const told = `${words ? `${words}. ` : ""}${latest.map(([title, text]) => `${title}: ${text}`).join(", ")}.`;
    this.layer.canvas.setAttribute("aria-label", told);
    return told;
  }
}

/** The first round number that is not below `last`, so that the axis does not creep with every step. */
function roundEnd(last) {
  const scale = 10 ** Math.max(0, Math.floor(Math.log10(Math.max(last, 1))));
  return [0.5, 1, 1.5, 2, 3, 4, 5, 6, 8, 10].map((part) => part * scale).find((end) => end >= last) ?? last;
}

export default widget(MonitorPicture);
