// Prototypes as pictures, as named bars, or as curves over many features; those of a map as on its grid.

const MARGIN = 8;
const GAP = 12;
const NARROWEST = 34;
const BAR = 18;
const LEAST_WIDE = { bars: 250, curves: 220 };

class GalleryPicture extends SheetPicture {
  layOut(changed) {
    const { facts } = this;
    if (changed === null || changed.has("images")) {
      this.sprites = this.arrays.images ? new Sprites(this.arrays.images) : null;
    }
    const grid = this.measure();
    this.cells = grid;
    const shares = this.values("shares");
    const most = Math.max(...shares, 0);
    const index = this.values("index");
    this.spots = facts.titles.map((_, k) => ({
      x: MARGIN + (k % grid.columns) * (grid.wide + GAP),
      y: MARGIN + Math.floor(k / grid.columns) * (grid.high + GAP),
      w: grid.wide,
      h: grid.high,
      told: this.told(k),
      pick: facts.can_pick ? { prototype: index[k] } : null,
      share: most ? shares[index[k]] / most : 0,
    }));
    this.tellFoot();
    return 2 * MARGIN + Math.ceil(facts.titles.length / grid.columns) * (grid.high + GAP) - GAP;
  }

  /** How many tiles go side by side, how wide and high they are, and how high is what is drawn in each. */
  measure() {
    const { kind, columns: wanted, names, feature_names: features } = this.facts;
    const room = this.width - 2 * MARGIN + GAP;
    if (kind !== "pictures") {
      const fitting = Math.max(1, Math.floor(room / (LEAST_WIDE[kind] + GAP)));
      const columns = wanted && wanted <= fitting ? wanted : Math.min(fitting, names.length);
      const body = kind === "bars" ? features.length * BAR + 4 : 86;
      return { columns, wide: Math.min(room / columns - GAP, 420), body, high: body + TILE_TEXT };
    }
    const { w, h } = this.sprites;
    const ratio = devicePixelRatio || 1;
    let side = Math.max(crispSize(Math.max(w, h), 76, ratio), Math.min(Math.max(w, h), 160));
    let wide = Math.max((side * w) / Math.max(w, h), 76);
    let columns = Math.max(1, Math.floor(room / (wide + GAP)));
    const fit = wanted ? room / wanted - GAP : 0;
    if (wanted && wanted <= columns) columns = wanted;
    else if (fit >= NARROWEST) [columns, wide, side] = [wanted, fit, (crispSize(w, fit, ratio) * Math.max(w, h)) / w];
    const scale = side / Math.max(w, h);
    return { columns, wide, body: h * scale, high: h * scale + TILE_TEXT, across: w * scale };
  }

  told(k) {
    const { titles, captions, kind, feature_names: names } = this.facts;
    const lines = [titles[k], captions[k]];
    if (kind === "pictures") return lines.join("\n");
    const values = this.row("values", k);
    return [...lines, ...names.slice(0, 12).map((name, j) => `${name}: ${number(values[j])}`)].join("\n");
  }

  row(name, k) {
    const { values, shape } = this.arrays[name];
    return values.subarray(k * shape[1], (k + 1) * shape[1]);
  }

  paint(context, top, bottom) {
    const codes = this.values("codes");
    const { names, captions, kind } = this.facts;
    this.spots.forEach((spot, k) => {
      if (spot.y > bottom || spot.y + spot.h < top) return;
      const [x, y] = [Math.round(spot.x), Math.round(spot.y)];
      const ink = codes[k] < 0 ? this.colours.accent : lookOf(this.colours, codes[k])[0];
      if (kind === "pictures") {
        this.sprites.draw(context, k, x, y, this.cells.across, this.cells.body);
        drawEdge(context, x, y, this.cells.across, this.cells.body, this.colours.grid);
      } else if (kind === "bars") this.drawBars(context, k, { x, y, w: spot.w }, ink);
      else this.drawProfile(context, k, { x, y, w: spot.w, h: this.cells.body }, ink);
      const caption = { name: names[k], code: codes[k], caption: captions[k] };
      drawCaption(context, x, y + this.cells.body, spot.w, caption, this.colours);
    });
  }

  drawBars(context, k, { x, y, w }, ink) {
    const [values, relative] = [this.row("values", k), this.row("relative", k)];
    const [name, value] = [0.46 * w, 48];
    const room = w - name - value - 10;
    context.font = FONT;
    context.textBaseline = "middle";
    this.facts.feature_names.forEach((feature, j) => {
      const at = y + j * BAR + BAR / 2 + 1;
      context.textAlign = "left";
      context.fillStyle = this.colours.muted;
      context.fillText(fitted(context, feature, name - 4), x, at);
      context.fillStyle = this.colours.grid;
      context.fillRect(x + name, at - 5, room, 10);
      context.fillStyle = ink;
      context.fillRect(x + name, at - 5, Math.max(2, room * Math.min(1, Math.max(0, relative[j] || 0))), 10);
      context.fillStyle = this.colours.text;
      context.textAlign = "right";
      context.fillText(number(values[j], 3), x + w, at);
    });
  }

  drawProfile(context, k, box, ink) {
    drawEdge(context, box.x + 1, box.y + 1, box.w - 2, box.h - 2, this.colours.grid);
    drawCurve(context, this.row("relative", k), box, ink, box.w > 2 * this.arrays.relative.shape[1] ? 1.6 : 1);
  }

  tellFoot() {
    const { note, classes } = this.facts;
    const legend = classes.map(([code, name]) => legendEntry(lookOf(this.colours, code), name));
    this.foot.replaceChildren(...legend, make("span", { text: note }));
  }

  words() {
    return `${this.facts.note}.`;
  }
}

export default widget(GalleryPicture);
