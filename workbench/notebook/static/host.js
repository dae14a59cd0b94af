// What all widgets share: frames and what is kept of them, the theme, the sentence where there is nothing to see.
//
// A view is a class that extends Picture and is given to `widget`. It writes
//   build()            makes its elements once, inside this.body
//   draw(changed)      draws this.facts and this.arrays; `changed` is the set of names that are new, or null for all
//   tellState(changed) shows what is known also while there is nothing to draw
//   describe()         a sentence for people who do not see it
// and may use this.colours (the palette of the theme), this.dark, this.width, this.height, and
//   this.choose({...}), this.act(name), this.point({...}, outline)   to tell the kernel what a person wants.

const READERS = { float32: Float32Array, int32: Int32Array, int16: Int16Array, uint8: Uint8Array };

/** What the kernel sent of one widget; shared by all its places in the page. */
class Received {
  constructor(model) {
    this.model = model;
    this.who = Math.random().toString(36).slice(2);
    this.facts = {};
    this.arrays = {};
    this.number = 0;
    this.drawn = 0;
    this.pictures = new Set();
    this.pending = false;
    this.times = [];
    this.onMessage = (content, buffers) => this.take(content, buffers);
    model.on("msg:custom", this.onMessage);
    this.tell({ kind: "hello" });
  }

  tell(content, buffers) {
    try {
      this.model.send({ ...content, who: this.who }, undefined, buffers);
    } catch (error) {
      console.debug("The kernel of this widget has gone.", error);
    }
  }

  take(content, buffers) {
    if (content.kind === "say") {
      for (const picture of this.pictures) picture.tellPerson(content.text);
      return;
    }
    if (content.kind !== "frame") return;
    const changed = new Set(Object.keys(content.facts));
    Object.assign(this.facts, content.facts);
    content.arrays.forEach((told, k) => {
      this.arrays[told.name] = { values: read(buffers[k], told.dtype), shape: told.shape };
      changed.add(told.name);
    });
    for (const name of content.gone ?? []) {
      delete this.facts[name];
      delete this.arrays[name];
      changed.add(name);
    }
    this.number = content.number;
    for (const picture of this.pictures) picture.note(changed);
    this.schedule();
  }

  /** Draw once the page is ready for it: a hidden page draws nothing, and so acknowledges nothing. */
  schedule() {
    if (this.pending || !this.pictures.size) return;
    this.pending = true;
    requestAnimationFrame(() => {
      this.pending = false;
      for (const picture of this.pictures) picture.bring();
      if (this.number > this.drawn) {
        this.drawn = this.number;
        this.times = [...this.times, performance.now()].slice(-30);
        this.tell({ kind: "drawn", number: this.number });
      }
    });
  }

  /** Frames in a second, of those drawn last; 0 where they have come to rest. */
  get rate() {
    const [first, last] = [this.times[0], this.times.at(-1)];
    if (this.times.length < 5 || performance.now() - last > 2000) return 0;
    return (1000 * (this.times.length - 1)) / (last - first);
  }

  count() {
    this.tell({ kind: "views", n: this.pictures.size });
  }

  close() {
    this.model.off("msg:custom", this.onMessage);
  }
}

/** A typed array of a buffer, copied where it does not lie as the type needs it. */
function read(buffer, dtype) {
  const Type = READERS[dtype];
  const aligned = buffer.byteOffset % Type.BYTES_PER_ELEMENT === 0;
  const from = aligned ? buffer : new DataView(buffer.buffer.slice(buffer.byteOffset, buffer.byteOffset + buffer.byteLength));
  return new Type(from.buffer, from.byteOffset, from.byteLength / Type.BYTES_PER_ELEMENT);
}

function isDark(wanted) {
  if (wanted !== "auto") return wanted === "dark";
  const { jpThemeLight, vscodeThemeKind } = document.body.dataset;
  if (jpThemeLight !== undefined) return jpThemeLight === "false";
  if (vscodeThemeKind !== undefined) return vscodeThemeKind.includes("dark");
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

let pictureCount = 0;

/** One place of a widget in the page. */
class Picture {
  constructor(received, model, el) {
    this.received = received;
    this.model = model;
    this.id = `vqw-${(pictureCount += 1)}`;
    this.changed = null;
    this.root = make("section", { class: "vqw" });
    el.append(this.root);
    const words = model.get("_words");
    this.root.setAttribute("aria-label", `${words.title}: ${words.name}`);
    this.root.setAttribute("role", "group");
    this.heading = make("div", { class: "vqw-heading" });
    this.heading.append(make("strong", { text: words.title }), make("span", { text: words.name, class: "vqw-name" }));
    this.heading.title = words.summary;
    this.tools = make("div", { class: "vqw-tools" });
    this.body = make("div", { class: "vqw-body" });
    this.said = make("p", { class: "vqw-said", role: "status" });
    this.foot = make("div", { class: "vqw-foot" });
    this.live = make("div", { class: "vqw-unseen", "aria-live": "polite" });
    this.root.append(this.heading, this.tools, this.body, this.said, this.foot, this.live);
    this.still();
    this.dress();
    this.build();
    this.watch();
  }

  get facts() {
    return this.received.facts;
  }

  get arrays() {
    return this.received.arrays;
  }

  values(name) {
    return this.arrays[name]?.values ?? new Float32Array();
  }

  build() {}
  draw() {}
  tellState() {}
  describe() {
    return "";
  }

  choose(told) {
    this.received.tell({ kind: "choose", ...told });
  }

  act(what) {
    this.received.tell({ kind: "do", what });
  }

  /** Tell what a person pointed at; the places of an outline, x and y in turn, go as doubles. */
  point(told, outline) {
    const buffers = outline ? [new Float64Array(outline).buffer] : undefined;
    this.received.tell({ kind: "pick", ...told }, buffers);
  }

  clear() {
    this.received.tell({ kind: "clear" });
  }

  tellPerson(text) {
    this.live.textContent = text;
    this.said.textContent = text;
  }

  /** Take note of what is new, to be drawn later. */
  note(changed) {
    if (this.changed !== null) for (const name of changed) this.changed.add(name);
  }

  /** Bring the picture up to date. */
  bring() {
    if (!this.received.number) return;
    const changed = this.changed;
    if (changed !== null && !changed.size) return;
    this.changed = new Set();
    this.image?.remove();
    this.image = null;
    this.width = this.body.clientWidth;
    const say = this.facts.say ?? "";
    if (changed === null || changed.has("say")) this.said.textContent = say;
    this.root.classList.toggle("vqw-silent", say !== "");
    this.tellState(changed);
    if (!say) {
      this.draw(changed);
      const words = this.describe();
      if (this.body.getAttribute("aria-label") !== words) this.body.setAttribute("aria-label", words);
    }
  }

  /** Draw everything anew at the next turn. */
  anew() {
    this.changed = null;
    this.received.schedule();
  }

  /** The picture that stands in until there is a frame, and where there is no kernel. */
  still() {
    const still = this.model.get("_still");
    if (this.received.number || !still?.byteLength) return;
    this.image = make("img", { class: "vqw-still", alt: this.root.getAttribute("aria-label") });
    this.image.src = URL.createObjectURL(new Blob([still], { type: "image/png" }));
    this.image.onload = () => this.image && URL.revokeObjectURL(this.image.src);
    this.body.before(this.image);
  }

  /** Take the colours of the theme, and the size. */
  dress() {
    const dark = isDark(this.model.get("theme"));
    const isNew = dark !== this.dark;
    this.dark = dark;
    this.colours = this.model.get("_palettes")[dark ? "dark" : "light"];
    for (const name of ["background", "surface", "text", "muted", "grid", "accent", "accent_text", "danger", "good"]) {
      this.root.style.setProperty(`--vqw-${name.replace("_", "-")}`, this.colours[name]);
    }
    this.root.style.colorScheme = dark ? "dark" : "light";
    const width = this.model.get("width");
    this.root.style.width = width ? `${width}px` : "100%";
    this.height = this.model.get("height");
    this.body.style.height = `${this.height}px`;
    if (isNew) this.received.tell({ kind: "theme", dark });
    this.anew();
  }

  watch() {
    this.watching = new AbortController();
    const onTheme = () => this.dress();
    this.themes = new MutationObserver(onTheme);
    this.themes.observe(document.body, { attributeFilter: ["data-jp-theme-light", "data-vscode-theme-kind"] });
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", onTheme, { signal: this.watching.signal });
    this.sizes = new ResizeObserver(() => {
      if (this.body.clientWidth === this.width) return;
      this.width = this.body.clientWidth;
      this.anew();
    });
    this.sizes.observe(this.body);
    this.model.on("change:theme change:height change:width", onTheme);
    this.onTraits = onTheme;
  }

  close() {
    this.watching.abort();
    this.themes.disconnect();
    this.sizes.disconnect();
    this.model.off("change:theme change:height change:width", this.onTraits);
    this.root.remove();
  }
}

/** An element with attributes; `text` is what it says. */
function make(kind, { text, ...attributes } = {}) {
  const made = document.createElement(kind);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  if (text !== undefined) made.textContent = text;
  return made;
}

/** A button with a name; `does` is called when it is pressed. */
function makeButton(text, tip, does) {
  const button = make("button", { text, title: tip, type: "button", class: "vqw-button" });
  button.addEventListener("click", does);
  return button;
}

/** A choice under a name, hidden while there is nothing to choose. */
class Choice {
  constructor(name, chosen) {
    this.element = make("label", { class: "vqw-choice" });
    this.select = make("select", { "aria-label": name });
    this.element.append(make("span", { text: name }), this.select);
    this.select.addEventListener("change", () => chosen(this.select.value));
    this.offered = "";
  }

  offer(pairs, chosen) {
    const offered = JSON.stringify(pairs);
    if (offered !== this.offered) {
      this.offered = offered;
      this.select.replaceChildren(...pairs.map(([value, text]) => make("option", { value, text })));
    }
    if (document.activeElement !== this.select || this.select.value === "") this.select.value = chosen;
    this.element.hidden = pairs.length < 2;
  }
}

/** The module of a view, as anywidget takes it. */
function widget(View) {
  return () => {
    let received;
    return {
      initialize({ model }) {
        received = new Received(model);
        return () => received.close();
      },
      render({ model, el, host }) {
        const picture = new View(received, model, el, host);
        received.pictures.add(picture);
        received.count();
        received.schedule();
        return () => {
          received.pictures.delete(picture);
          picture.close();
          received.count();
        };
      },
    };
  };
}
