// The learned metric: matrices and tables in colours, features as ranked bars, and eigenvalues.

const MARGIN = 8;
const GAP = 26;
const NARROW = 560;
const LONGEST = 130;  // pixels of a name
const TITLE = 22;
const UNDER = 40;  // a scale and its words
const BAR = 19;
const MOST_REACHED = 200;
const TILE = 150;

class RelevancePicture extends SheetPicture {
  build() {
    super.build();
    this.metrics = new Choice("Metric", (metric) => this.choose({ metric }));
    this.tools.prepend(this.metrics.element);
  }

  layOut(changed) {
    const { facts } = this;
    this.metrics.offer(facts.metrics, facts.metric);
    this.spots = [];
    const context = this.layer.context;
    context.font = FONT;
    const layouts = { matrix: () => this.layOutMatrix(), table: () => this.layOutTable(), tiles: () => this.layOutTiles() };
    const bottom = layouts[facts.layout]();
    this.boxes.forEach((box, p) => this.addSpots(box, p));
    if (this.rankingBox) this.addBars(this.rankingBox);
    this.pictures = this.boxes.map((box, p) => this.pictureOf(p));
    this.foot.replaceChildren(make("span", { text: facts.note }));
    return bottom;
  }

  layOutMatrix() {
    const { ranking, heats } = this.facts;
    const narrow = this.width < NARROW;
    const half = narrow ? this.width - 2 * MARGIN : (this.width - 2 * MARGIN - GAP) * 0.56;
    const high = narrow ? Math.min(half + 20, this.height) : this.height - 2 * MARGIN;
    this.boxes = [this.heatBox(0, { x: MARGIN, y: MARGIN, w: half, h: high })];
    const right = narrow ? MARGIN : MARGIN + half + GAP;
    const wide = narrow ? half : this.width - right - MARGIN;
    const [{ y: first, h: tall, below }] = this.boxes;
    const ended = first + tall + below + UNDER + MARGIN;
    let y = narrow ? ended : MARGIN;
    const most = Math.floor((narrow ? this.height : 0.6 * high) / BAR) - 2;
    const n = Math.max(3, Math.min(ranking.features.length, most));
    this.rankingBox = { x: right, y, w: wide, h: TITLE + n * BAR + 26, n };
    y += this.rankingBox.h + 6;
    const least = narrow ? 180 : Math.max(150, this.height - MARGIN - y);
    this.spectrumBox = { x: right, y, w: wide, h: least };
    if (heats.length < 2) return Math.max(y + least, ended) + MARGIN;
    const under = narrow ? y + least + GAP : ended;
    this.boxes.push(this.heatBox(1, { x: MARGIN, y: under, w: half, h: 0.8 * half }));
    return Math.max(y + least, under + 0.8 * half) + MARGIN;
  }

  layOutTable() {
    this.rankingBox = this.spectrumBox = null;
    const [rows] = this.arrays["heat 0"].shape;
    const high = Math.max(this.height - 2 * MARGIN, rows * 18 + TITLE + UNDER + LONGEST);
    const box = this.heatBox(0, { x: MARGIN, y: MARGIN, w: this.width - 2 * MARGIN, h: high });
    this.boxes = [box];
    return box.y + box.h + box.below + UNDER + MARGIN;
  }

  layOutTiles() {
    this.rankingBox = this.spectrumBox = null;
    const room = this.width - 2 * MARGIN + GAP;
    const across = Math.max(1, Math.floor(room / (TILE + GAP)));
    const wide = Math.min(room / across - GAP, 240);
    const high = wide + TITLE + UNDER;
    this.boxes = this.facts.heats.map((_, p) => {
      const [line, column] = [Math.floor(p / across), p % across];
      return this.heatBox(p, { x: MARGIN + column * (wide + GAP), y: MARGIN + line * (high + 8), w: wide, h: high });
    });
    return Math.ceil(this.facts.heats.length / across) * (high + 8) + 2 * MARGIN;
  }

  /** Where the cells of a table are in the room it has, with its names: those across stand upright where they are long. */
  heatBox(p, { x, y, w, h }) {
    const { across, down } = this.facts.heats[p];
    const [rows, columns] = this.arrays[`heat ${p}`].shape;
    const { context } = this.layer;
    const most = Math.min(LONGEST, 0.3 * w);
    const longest = (names) => Math.min(most, Math.max(...names.map((name) => context.measureText(name).width), 0));
    const named = down && columns <= this.facts.named;
    const left = named ? longest(down) + 8 : down ? 44 : 0;
    const isSquare = this.facts.layout !== "table";
    let cell = (w - left) / columns;
    const upright = named && longest(across) + 6 > (isSquare ? Math.min(cell, (h - TITLE - UNDER - 20) / rows) : Math.min(cell, 110));
    const below = named ? (upright ? longest(across) + 10 : 20) : down ? 38 : 0;
    let tall = (h - TITLE - UNDER - below) / rows;
    if (isSquare) cell = tall = Math.min(cell, tall);
    else [cell, tall] = [Math.min(cell, 110), Math.min(Math.max(18, tall), 44)];
    return { x: x + left, y: y + TITLE, w: cell * columns, h: tall * rows, cell, tall, rows, columns, named, upright, below, left, most };
  }

  pictureOf(p) {
    const { low, high, table } = this.facts.heats[p];
    const { values, shape: [rows, columns] } = this.arrays[`heat ${p}`];
    return shadedPicture(values, columns, rows, low, high, tableOf(this.colours, table), this.colours.grid);
  }

  /** What arrow keys reach: the diagonal of a matrix, and the columns of a table. */
  addSpots(box, p) {
    const heat = this.facts.heats[p];
    if (!heat.features || heat.features.length > MOST_REACHED) return;
    const isTable = this.facts.layout === "table";
    heat.features.forEach((feature, j) => {
      const cell = this.cellSpot(box, p, isTable ? 0 : j, j);
      if (isTable) {
        const values = heat.down.map((name, i) => `${name}: ${number(this.valueOf(p, i, j), 3)}`);
        Object.assign(cell, { h: box.h, told: [heat.across[j], ...values.slice(0, 14)].join("\n") });
      }
      cell.pick = { features: [feature] };
      this.spots.push(cell);
    });
  }

  addBars({ x, y, w, n }) {
    const { names, features, values } = this.facts.ranking;
    for (let k = 0; k < n && k < features.length; k += 1) {
      const told = `${names[k]}: ${(100 * values[k]).toFixed(1)} % of the relevance`;
      this.spots.push({ x: x - 2, y: y + TITLE + k * BAR, w: w + 2, h: BAR - 2, told, pick: { features: [features[k]] } });
    }
  }

  valueOf(p, i, j) {
    const { values, shape } = this.arrays[`heat ${p}`];
    return values[i * shape[1] + j];
  }

  cellSpot(box, p, i, j) {
    const heat = this.facts.heats[p];
    const spot = { x: box.x + j * box.cell, y: box.y + i * box.tall, w: box.cell, h: box.tall };
    const value = number(this.valueOf(p, i, j), 4);
    if (!heat.features) {
      const first = (i * box.columns + j) * heat.n_each;
      const features = Array.from({ length: heat.n_each }, (_, c) => first + c);
      return { ...spot, told: `row ${i}, column ${j}: ${value} ${heat.words}`, pick: { features } };
    }
    const two = this.facts.layout === "table" ? [heat.features[j]] : [...new Set([heat.features[i], heat.features[j]])];
    const names = two.length > 1 || this.facts.layout === "table" ? `${heat.down[i]}, ${heat.across[j]}` : heat.across[j];
    return { ...spot, told: `${names}: ${value}`, pick: { features: two } };
  }

  spotAt(x, y) {
    for (const [p, box] of this.boxes.entries()) {
      const [i, j] = [Math.floor((y - box.y) / box.tall), Math.floor((x - box.x) / box.cell)];
      if (i >= 0 && j >= 0 && i < box.rows && j < box.columns) return this.cellSpot(box, p, i, j);
    }
    return super.spotAt(x, y);
  }

  paint(context, top, bottom) {
    this.boxes.forEach((box, p) => {
      if (box.y - TITLE <= bottom && box.y + box.h + box.below + UNDER >= top) this.drawHeat(context, box, p);
    });
    if (this.rankingBox) this.drawRanking(context, this.rankingBox);
    if (this.spectrumBox) this.drawSpectrum(context, this.spectrumBox);
  }

  title(context, text, x, y, w) {
    context.font = FONT;
    context.fillStyle = this.colours.text;
    context.textAlign = "left";
    context.textBaseline = "middle";
    context.fillText(fitted(context, text, w), x, y + TITLE / 2 - 2);
  }

  drawHeat(context, box, p) {
    const heat = this.facts.heats[p];
    this.title(context, heat.title, box.x, box.y - TITLE, Math.max(box.w, this.facts.layout === "tiles" ? box.w : 200));
    context.imageSmoothingEnabled = false;
    context.drawImage(this.pictures[p], box.x, box.y, box.w, box.h);
    context.strokeStyle = this.colours.grid;
    context.lineWidth = 1;
    context.strokeRect(box.x - 0.5, box.y - 0.5, box.w + 1, box.h + 1);
    if (box.cell >= 38 && box.tall >= 16 && heat.down) this.drawNumbers(context, box, p);
    if (box.named) this.drawNames(context, box, heat);
    else if (heat.down) this.drawNumbered(context, box);
    this.drawBands(context, box, heat);
    const wide = Math.max(box.w, Math.min(260, this.width - box.x - MARGIN));
    const cut = heat.is_cut ? `${heat.words}, larger ones cut off` : heat.words;
    const ends = { low: number(heat.low, 3), high: number(heat.high, 3), words: cut };
    const place = { x: box.x, y: box.y + box.h + box.below + 4, w: this.facts.layout === "tiles" ? box.w : Math.min(wide, 420) };
    drawScale(context, place, ends, tableOf(this.colours, heat.table), this.colours);
  }

  drawNumbers(context, box, p) {
    const { low, high, table } = this.facts.heats[p];
    context.textAlign = "center";
    context.textBaseline = "middle";
    for (let i = 0; i < box.rows; i += 1) {
      for (let j = 0; j < box.columns; j += 1) {
        const value = this.valueOf(p, i, j);
        context.fillStyle = inkOn(tableOf(this.colours, table), shareOf(value, low, high));
        context.fillText(spelled(value, 2), box.x + (j + 0.5) * box.cell, box.y + (i + 0.5) * box.tall);
      }
    }
  }

  drawNames(context, box, { down, across }) {
    context.fillStyle = this.colours.text;
    context.textBaseline = "middle";
    context.textAlign = "right";
    const every = Math.max(1, Math.ceil(13 / box.tall));
    for (let i = 0; i < box.rows; i += every) {
      context.fillText(fitted(context, down[i], box.most), box.x - 6, box.y + (i + 0.5) * box.tall);
    }
    const step = box.upright ? Math.max(1, Math.ceil(13 / box.cell)) : 1;
    for (let j = 0; j < box.columns; j += step) {
      context.save();
      context.translate(box.x + (j + 0.5) * box.cell, box.y + box.h + 6);
      if (box.upright) context.rotate(-Math.PI / 2);
      context.textAlign = box.upright ? "right" : "center";
      context.textBaseline = box.upright ? "middle" : "top";
      context.fillText(fitted(context, across[j], box.most), 0, 0);
      context.restore();
    }
  }

  /** Of many features their numbers along the axes. */
  drawNumbered(context, box) {
    const edge = { left: box.x, right: box.x + box.w, top: box.y, bottom: box.y + box.h };
    const x = new Scale(-0.5, box.columns - 0.5, edge.left, edge.right);
    const y = new Scale(-0.5, box.rows - 0.5, edge.top, edge.bottom);
    context.fillStyle = this.colours.muted;
    context.textBaseline = "top";
    context.textAlign = "center";
    for (const [value, text] of x.ticks(6)) context.fillText(text, x.at(value), edge.bottom + 4);
    context.fillText("feature number, from 0", box.x + box.w / 2, edge.bottom + 20);
    context.textBaseline = "middle";
    context.textAlign = "right";
    for (const [value, text] of y.ticks(6)) context.fillText(text, edge.left - 5, y.at(value));
  }

  /** Lines around the rows and columns of the picked features. */
  drawBands(context, box, { features }) {
    if (!features) return;
    context.strokeStyle = this.colours.accent;
    context.lineWidth = 1.5;
    features.forEach((feature, j) => {
      if (!this.picked.feature.has(feature)) return;
      context.strokeRect(box.x + j * box.cell, box.y, box.cell, box.h);
      if (this.facts.layout === "matrix") context.strokeRect(box.x, box.y + j * box.tall, box.w, box.tall);
    });
  }

  drawRanking(context, { x, y, w, n }) {
    const { names, values, n: all } = this.facts.ranking;
    const shown = Math.min(n, values.length);
    this.title(context, shown < all ? `Relevance of the features (first ${shown} of ${all})` : "Relevance of the features", x, y, w);
    const name = Math.min(LONGEST, Math.max(...names.slice(0, shown).map((text) => context.measureText(text).width))) + 8;
    const room = w - name - 50;
    const most = Math.max(...values, 1e-12);
    context.textBaseline = "middle";
    for (let k = 0; k < shown; k += 1) {
      const at = y + TITLE + k * BAR + BAR / 2 - 1;
      context.textAlign = "right";
      context.fillStyle = this.colours.text;
      context.fillText(fitted(context, names[k], name - 8), x + name - 6, at);
      context.fillStyle = this.colours.accent;
      context.fillRect(x + name, at - 6, Math.max(1, (room * values[k]) / most), 12);
      context.textAlign = "left";
      context.fillStyle = this.colours.text;
      context.fillText(`${(100 * values[k]).toFixed(1)} %`, x + name + (room * values[k]) / most + 5, at);
    }
    context.fillStyle = this.colours.muted;
    context.textAlign = "left";
    context.fillText(fitted(context, "diagonal of Λ, sums to 100 %", w - name), x + name, y + TITLE + shown * BAR + 8);
  }

  drawSpectrum(context, { x: left, y: top, w, h }) {
    const { values, n_effective: effective } = this.facts.spectrum;
    this.title(context, `Spectrum: ${effective} directions in effect`, left, top, w);
    const box = { left: left + 56, right: left + w - 4, top: top + TITLE + 2, bottom: top + h - 42 };
    const x = new Scale(0.4, values.length + 0.6, box.left, box.right);
    const y = new Scale(0, Math.max(...values, 1e-12) * 1.06, box.bottom, box.top);
    context.save();
    context.translate(left, 0);
    const moved = { ...box, left: box.left - left, right: box.right - left };
    const across = new Scale(0.4, values.length + 0.6, moved.left, moved.right);
    across.ticks = (n) => new Scale(1, values.length, 0, 1).ticks(n).filter(([value]) => Number.isInteger(value));
    drawAxes(context, moved, across, y, { x: "direction", y: "eigenvalue of Λ" }, this.colours);
    context.restore();
    context.fillStyle = this.colours.accent;
    const wide = Math.max(1, 0.7 * (x.at(1) - x.at(0)));
    values.forEach((value, k) => context.fillRect(x.at(k + 1) - wide / 2, y.at(value), wide, box.bottom - y.at(value)));
  }

  words() {
    const { ranking, spectrum, heats, note } = this.facts;
    if (!ranking) return `${heats.map(({ title }) => title).join(", ")}. ${note}`;
    const most = ranking.names.slice(0, 3).map((name, k) => `${name} ${(100 * ranking.values[k]).toFixed(0)} %`);
    return `Most relevant: ${most.join(", ")}. The metric uses about ${spectrum.n_effective} directions. ${note}`;
  }
}

export default widget(RelevancePicture);
