// A sheet of things to look at and to pick, which scrolls where it is higher than its window: places, keys, frames.
//
// A view that extends SheetPicture writes
//   layOut(changed)        finds where things are for this.width: gives the height, and fills this.spots with
//                          {x, y, w, h, told, pick, corners?, share?}: what is told of each place, what a click there
//                          picks ({prototype}, {features} or {row}; none where nothing is picked), and its outline
//   paint(context, top, bottom)   draws what lies between these pixels
// and may write spotAt(x, y) for places that are too many to be listed; arrow keys go through this.spots alone.

const TIP_GAP = 14;

class SheetPicture extends Picture {
  build() {
    this.body.classList.add("vqw-scrolls");
    this.layer = new Layer(this.body, { tabindex: "0", role: "application", class: "vqw-sheet" });
    this.surface = this.layer.canvas;
    this.spacer = make("div");
    this.tip = make("div", { class: "vqw-tip", role: "tooltip", hidden: "" });
    this.body.append(this.spacer, this.tip);
    this.letGo = new LetGo(this);
    this.spots = [];
    this.cursor = null;
    this.listen();
  }

  listen() {
    const on = (name, does) => this.surface.addEventListener(name, does);
    on("pointermove", (event) => this.hover(event));
    on("pointerleave", () => this.hideTip());
    on("click", (event) => this.click(event));
    on("keydown", (event) => this.key(event));
    on("blur", () => this.aim(null));
    this.body.addEventListener("scroll", () => this.repaint());
  }

  draw(changed) {
    const whole = Math.ceil(this.layOut(changed));
    this.seen = Math.min(this.height, whole);
    this.body.style.height = `${this.seen}px`;
    this.spacer.style.height = `${whole - this.seen}px`;
    if (this.cursor !== null && this.cursor >= this.spots.length) this.cursor = null;
    this.picked = {
      prototype: new Set(this.values("picked_prototypes")),
      feature: new Set(this.values("picked_features")),
      row: new Set(this.values("picked_rows")),
    };
    this.paintAll();
    this.letGo.tell(this.facts.picked);
    this.surface.style.cursor = this.spots.some((spot) => spot.pick) ? "pointer" : "default";
  }

  /** Paint what is to be seen at the next turn. */
  repaint() {
    if (this.painting || !this.received.number || this.facts.say) return;
    this.painting = requestAnimationFrame(() => {
      this.painting = null;
      this.paintAll();
    });
  }

  paintAll() {
    const top = this.body.scrollTop;
    const context = this.layer.clear(this.width, this.seen);
    context.fillStyle = this.colours.surface;
    context.fillRect(0, 0, this.width, this.seen);
    context.translate(0, -top);
    this.paint(context, top, top + this.seen);
    for (const spot of this.spots) {
      if (spot.y > top + this.seen || spot.y + spot.h < top) continue;
      if (spot.share) this.drawShare(context, spot);
      if (this.isPicked(spot)) this.drawFrame(context, spot);
    }
    const aimed = this.spots[this.cursor];
    if (aimed) {
      context.setLineDash([3, 3]);
      this.outline(context, aimed, this.colours.text, 1.5, 3);
      context.setLineDash([]);
    }
  }

  isPicked({ pick }) {
    if (!pick) return false;
    if (pick.features) return pick.features.every((j) => this.picked.feature.has(j));
    return "row" in pick ? this.picked.row.has(pick.row) : this.picked.prototype.has(pick.prototype);
  }

  drawFrame(context, spot) {
    this.outline(context, spot, this.colours.surface, 5, 0);
    this.outline(context, spot, this.colours.accent, 2.5, 0);
  }

  /** How many of the picked rows are there, beside the place that has most. */
  drawShare(context, spot) {
    context.fillStyle = this.colours.accent;
    context.fillRect(spot.x + 1, spot.y + spot.h - 4, (spot.w - 2) * spot.share, 4);
  }

  outline(context, spot, colour, width, away) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.beginPath();
    if (spot.corners) {
      const [x, y] = middle(spot);
      const grown = 1 + (2 * away) / spot.w;
      spot.corners.forEach(([a, b], k) => context[k ? "lineTo" : "moveTo"](x + (a - x) * grown, y + (b - y) * grown));
      context.closePath();
    } else context.rect(spot.x - away, spot.y - away, spot.w + 2 * away, spot.h + 2 * away);
    context.stroke();
  }

  /** What is at a place: of those that hold it the one whose middle is nearest. */
  spotAt(x, y) {
    let [found, least] = [null, Infinity];
    for (const spot of this.spots) {
      if (x < spot.x || y < spot.y || x > spot.x + spot.w || y > spot.y + spot.h) continue;
      const [across, down] = middle(spot);
      const away = (across - x) ** 2 + (down - y) ** 2;
      if (away < least) [found, least] = [spot, away];
    }
    return found;
  }

  place(event) {
    const edge = this.surface.getBoundingClientRect();
    return [event.clientX - edge.left, event.clientY - edge.top + this.body.scrollTop];
  }

  hover(event) {
    const [x, y] = this.place(event);
    const spot = this.spotAt(x, y);
    if (spot?.told) this.showTip(spot.told, x, y);
    else this.hideTip();
  }

  showTip(told, x, y) {
    const { tip } = this;
    tip.textContent = told;
    tip.hidden = false;
    const top = this.body.scrollTop;
    const below = y + TIP_GAP + tip.offsetHeight <= top + this.seen;
    tip.style.left = `${Math.max(0, Math.min(x + TIP_GAP, this.width - tip.offsetWidth - 2))}px`;
    tip.style.top = `${below ? y + TIP_GAP : Math.max(top, y - TIP_GAP - tip.offsetHeight)}px`;
  }

  hideTip() {
    this.tip.hidden = true;
  }

  click(event) {
    const spot = this.spotAt(...this.place(event));
    const means = how(event);
    if (spot?.pick) this.point({ ...spot.pick, how: means });
    else if (means === "replace" && this.facts.picked) this.clear();
  }

  key(event) {
    if (STEPS[event.key]) this.aim(nextAlong(this.spots.map(middle), this.cursor, STEPS[event.key]));
    else if (event.key === "Enter" || event.key === " ") {
      const aimed = this.spots[this.cursor];
      if (aimed?.pick) this.point({ ...aimed.pick, how: how(event) });
    } else if (event.key === "Escape") this.clear();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  aim(k) {
    this.cursor = k;
    const spot = this.spots[k];
    if (spot) {
      if (spot.y < this.body.scrollTop) this.body.scrollTop = spot.y - 8;
      else if (spot.y + spot.h > this.body.scrollTop + this.seen) this.body.scrollTop = spot.y + spot.h + 8 - this.seen;
      this.live.textContent = spot.told.replaceAll("\n", "; ");
      this.showTip(spot.told, spot.x, spot.y + spot.h);
    } else this.hideTip();
    this.repaint();
  }

  describe() {
    const keys = this.spots.length ? " Arrow keys go from one to the next, Enter picks, Escape lets go." : "";
    const words = `${this.words()} ${this.facts.picked || "Nothing picked"}.${keys}`;
    this.surface.setAttribute("aria-label", words);
    return words;
  }

  /** What is to be seen, in sentences. */
  words() {
    return "";
  }

  close() {
    cancelAnimationFrame(this.painting);
    super.close();
  }
}

function middle({ x, y, w, h }) {
  return [x + w / 2, y + h / 2];
}
