// Any view as its own figure: a picture that the kernel makes as wide as there is room for.

const SETTLED = 150;  // milliseconds without another size

class FigurePicture extends Picture {
  build() {
    this.body.classList.add("vqw-scrolls");
    this.body.tabIndex = 0;
    this.shown = make("img", { class: "vqw-figure", alt: "" });
    this.body.append(this.shown);
  }

  anew() {
    super.anew();
    clearTimeout(this.settling);
    this.settling = setTimeout(() => this.tellSize(), this.told ? SETTLED : 0);
  }

  tellSize() {
    const [width, ratio] = [this.body.clientWidth, devicePixelRatio || 1];
    const told = `${width} ${ratio}`;
    if (!width || told === this.told) return;
    this.told = told;
    this.choose({ width, ratio });
  }

  draw(changed) {
    this.tellSize();
    const [width, height] = this.facts.size;
    this.body.style.height = `${Math.min(this.height, height)}px`;
    if (changed !== null && !changed.has("png")) return;
    const { shown } = this;
    const source = URL.createObjectURL(new Blob([this.values("png")], { type: "image/png" }));
    shown.onload = () => URL.revokeObjectURL(source);
    shown.style.width = `${width}px`;
    shown.src = source;
  }

  describe() {
    const words = `${this.facts.name}: ${this.facts.summary} ${this.facts.picked || "Nothing picked"}.`;
    this.shown.alt = words;
    return words;
  }

  close() {
    clearTimeout(this.settling);
    super.close();
  }
}

export default widget(FigurePicture);
