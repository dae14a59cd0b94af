// Rows and prototypes in a plane, with borders of cells, trails, and the lines of a map.

const MOST_NAMED = 12;

class ProjectionPicture extends PlanePicture {
  build() {
    super.build();
    this.planes = new Choice("Plane", (plane) => this.choose({ plane }));
    const features = () => [this.across.select.value, this.up.select.value];
    this.across = new Choice("Across", () => this.choose({ features: features() }));
    this.up = new Choice("Up", () => this.choose({ features: features() }));
    this.colouring = new Choice("Colour", (colour) => this.choose({ colour }));
    this.trailing = make("label", { class: "vqw-choice" });
    this.box_ = make("input", { type: "checkbox" });
    this.box_.addEventListener("change", () => this.choose({ trails: this.box_.checked }));
    this.trailing.title = "A fading line from each prototype to where it was before in the run";
    this.trailing.append(this.box_, make("span", { text: "Trails" }));
    const choices = [this.planes, this.across, this.up, this.colouring].map((choice) => choice.element);
    this.tools.prepend(...choices, this.trailing);
  }

  draw(changed) {
    const has = (...names) => changed === null || names.some((name) => changed.has(name));
    const { facts } = this;
    super.draw(changed);
    if (has("planes", "chosen", "feature_names", "features", "colours", "colour", "has_trails")) {
      const features = facts.feature_names.map((name, j) => [String(j), name]);
      this.planes.offer(facts.planes, facts.chosen);
      this.across.offer(features, String(facts.features[0]));
      this.up.offer(features, String(facts.features[1]));
      this.colouring.offer(facts.colours, facts.colour);
      this.trailing.hidden = facts.has_trails === null;
      this.box_.checked = Boolean(facts.has_trails);
    }
    if (has("kinds", "scale", "note", "colour", "mark_codes")) this.tellLegend();
  }

  tellLegend() {
    const { kinds, scale, note, colours, colour } = this.facts;
    const named = kinds.slice(0, MOST_NAMED).map((name, code) => legendEntry(this.look(code), name));
    const title = colours.find(([name]) => name === colour)?.[1];
    if (kinds.length && title) named.unshift(make("span", { text: `${title}:` }));
    if (kinds.length > MOST_NAMED) named.push(make("span", { text: `and ${kinds.length - MOST_NAMED} more` }));
    if (scale) named.push(this.scaleEntry(scale));
    const isNeutral = this.values("mark_codes").some((code) => code < 0);
    const look = isNeutral ? [this.colours.accent, "diamond"] : [this.colours.surface, "circle"];
    if (this.nPrototypes) named.push(legendEntry(look, "prototype", this.colours.text));
    this.foot.replaceChildren(...named, make("span", { text: note }));
  }

  /** The colours of values from low to high, and what the ends mean. */
  scaleEntry(scale) {
    const entry = make("span", { class: "vqw-legend" });
    const layer = new Layer(entry);
    const context = layer.clear(80, 12);
    for (let k = 0; k < 80; k += 1) {
      const at = 6 * Math.round(40 + (215 * k) / 79);
      context.fillStyle = `#${this.colours.sequential.slice(at, at + 6)}`;
      context.fillRect(k, 0, 1, 12);
    }
    entry.append(make("span", { text: scale }));
    return entry;
  }

  over(context) {
    this.lines(context, "borders", this.colours.muted, 0.6);
    this.lines(context, "class_borders", this.colours.text, 1.1);
    this.lines(context, "edges", this.colours.text, 0.8);
    this.drawTrails(context);
    this.drawPrototypes(context);
  }

  lines(context, name, colour, width) {
    const values = this.values(name);
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    for (let k = 0; k + 3 < values.length; k += 4) {
      line(context, this.x.at(values[k]), this.y.at(values[k + 1]), this.x.at(values[k + 2]), this.y.at(values[k + 3]));
    }
    context.stroke();
  }

  drawTrails(context) {
    const { values, shape } = this.arrays.trails;
    const strengths = this.values("trail_strengths");
    context.strokeStyle = this.colours.text;
    context.lineWidth = 1;
    context.lineCap = "round";
    const each = shape.slice(1).reduce((a, b) => a * b, 1);
    strengths.forEach((strength, t) => {
      context.globalAlpha = 0.75 * strength;
      context.beginPath();
      for (let k = t * each; k < (t + 1) * each; k += 4) {
        line(context, this.x.at(values[k]), this.y.at(values[k + 1]), this.x.at(values[k + 2]), this.y.at(values[k + 3]));
      }
      context.stroke();
    });
    context.globalAlpha = 1;
  }

  drawPrototypes(context) {
    const codes = this.values("mark_codes");
    const n = this.nPrototypes;
    const r = n > 1000 ? 3 : n > 60 ? 4.5 : 7;
    context.strokeStyle = this.colours.text;
    context.lineWidth = n > 60 ? 0.8 : 1.4;
    for (let k = 0; k < n; k += 1) {
      const [x, y] = this.prototype(k);
      if (!Number.isFinite(x) || !Number.isFinite(y)) continue;
      const [colour, marker] = codes[k] < 0 ? [this.colours.accent, "diamond"] : this.look(codes[k]);
      context.fillStyle = colour;
      context.beginPath();
      addMarker(context, marker, this.x.at(x), this.y.at(y), r);
      context.fill();
      context.stroke();
    }
  }

  nameOf(k) {
    const code = this.values("mark_codes")[k];
    const kind = this.facts.colour === "prototype" || code < 0 ? "" : `, ${this.facts.kinds[code] ?? ""}`;
    return `Prototype ${k}${kind}`;
  }

  describe() {
    const { plane, note, picked } = this.facts;
    const n = this.nPrototypes;
    const rows = this.values("points").length / 2;
    const words = `${plane.title}: ${rows} rows and ${n} prototypes. ${note}. ${picked || "Nothing picked"}. `;
    const keys = n ? "Arrow keys go from prototype to prototype, Enter picks, Escape lets go." : "";
    this.surface.setAttribute("aria-label", words + keys);
    return words;
  }
}

export default widget(ProjectionPicture);
