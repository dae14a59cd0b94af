// The page on which data are imported: a file, what its columns are for, what is done to the rows, and a preview.

const PIECE = 1 << 20;
const STEPS = [["missing", "Missing values"], ["scaling", "Scaling"], ["whitening", "Whitening"]];
const CHECKS = [
  ["contrast", "Even out the contrast"],
  ["dissimilarities", "Rows are dissimilarities"],
  ["stratify", "Parts the same in every class"],
];
const NUMBERS = [["validation", "Validation part [%]", 95], ["test", "Test part [%]", 95], ["seed", "Seed of the split", 2 ** 31 - 1]];
const HEADS = ["Column", "Role", "Type", "Missing", "Range", "Distribution", "Taken as", "Unit"];

class ImportPage {
  constructor(desk) {
    this.desk = desk;
    this.number = null;
    this.element = make("form", { class: "vqw-page", "aria-label": "Import data" });
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.said = make("p", { role: "status", class: "vqw-lines" });
    this.place = make("div", { hidden: "" });
    this.element.append(make("h3", { text: "Import data" }), this.top(), this.said, this.place);
  }

  tell(told, buffers) {
    this.desk.say({ kind: "import", ...told }, buffers);
  }

  top() {
    const line = make("div", { class: "vqw-line" });
    this.path = make("input", { type: "text", class: "vqw-input vqw-path", placeholder: "Path of a file or a folder", spellcheck: "false" });
    this.path.setAttribute("aria-label", "Path of a file or a folder, as the kernel sees it");
    this.path.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      this.open();
    });
    this.files = make("input", { type: "file", multiple: "", class: "vqw-unseen", tabindex: "-1", "aria-hidden": "true" });
    this.files.addEventListener("change", () => this.send([...this.files.files]));
    const open = makeButton("Open", "Look into the file with this path", () => this.open());
    this.upload = makeButton("Upload…", "Send files from this computer to the kernel", () => this.files.click());
    line.append(this.path, open, make("span", { class: "vqw-note", text: "or" }), this.upload, this.files);
    return line;
  }

  open() {
    if (this.path.value.trim()) this.tell({ what: "path", path: this.path.value });
  }

  /** Send files in pieces, as a message may not be of any length. */
  async send(files) {
    for (const [k, file] of files.entries()) {
      const about = { what: "upload", name: file.name, size: file.size, last: k === files.length - 1 };
      for (let at = 0; at === 0 || at < file.size; at += PIECE) {
        const piece = await file.slice(at, at + PIECE).arrayBuffer();
        this.tell({ ...about, begins: at === 0 }, [piece]);
        if (file.size > this.facts.limit) break;  // which the kernel refuses
      }
    }
    this.files.value = "";
  }

  submit() {
    if (this.facts.ready) this.desk.say({ kind: "accept" });
  }

  show(facts, sheet) {
    this.facts = facts;
    const limit = `${Math.round(facts.limit / 1e6)} MB`;
    this.kinds = `Tables, spreadsheets, NumPy and HDF5 arrays, images. Files that are uploaded may be of up to ${limit} each.`;
    this.said.textContent = facts.said || (facts.file ? "" : this.kinds);
    this.said.className = { bad: "vqw-alarm vqw-lines", warning: "vqw-warning vqw-lines" }[facts.tone] ?? "vqw-note vqw-lines";
    this.element.setAttribute("aria-busy", String(facts.busy));
    this.place.hidden = !facts.file;
    if (!facts.file) return;
    if (facts.number !== this.number) {
      this.number = facts.number;
      this.build(facts);
    }
    this.options.tell(facts.problems);
    this.extent.textContent = facts.preview.extent;
    this.accept.disabled = !facts.ready;
    this.showColumns(facts.columns);
    this.showRows(facts.preview);
    this.showSheet(facts.preview.captions, sheet);
    const rest = 100 - facts.recipe.validation - facts.recipe.test;
    this.rest.textContent = `Training part ${rest} %`;
  }

  build(facts) {
    this.path.value = facts.file;
    this.columnsKey = "";
    const kind = makeSelect(facts.kinds, facts.kind, (chosen) => this.tell({ what: "importer", importer: chosen }));
    this.options = new FieldForm(facts.options, (parameter, answer) => this.tell({ what: "option", parameter, answer }));
    const reading = make("details", { class: "vqw-fold" });
    const fields = make("div", { class: "vqw-fields" });
    fields.append(labelled("Kind", kind));
    reading.append(make("summary", { text: "How it is read" }), fields, this.options.element);
    const preparing = make("details", { class: "vqw-fold", open: "" });
    preparing.append(make("summary", { text: "What is done to the rows" }), this.recipe(facts.recipe));
    this.table = make("table", { class: "vqw-table", "aria-label": "Columns" });
    this.more = make("p", { class: "vqw-note" });
    this.first = make("table", { class: "vqw-table vqw-rows", "aria-label": "First rows" });
    this.firstFold = make("details", { class: "vqw-fold" });
    const scrolled = make("div", { class: "vqw-scroll", tabindex: "0" });
    scrolled.append(this.first);
    this.firstFold.append(make("summary", { text: "First rows" }), scrolled);
    this.sheet = make("canvas", { role: "img", "aria-label": "First pictures", class: "vqw-sheet" });
    const columns = make("div", { class: "vqw-scroll", tabindex: "0" });
    columns.append(this.table);
    this.place.replaceChildren(this.sheet, columns, this.more, this.firstFold, preparing, reading, this.bottom(facts));
  }

  bottom(facts) {
    const line = make("div", { class: "vqw-line vqw-buttons" });
    const name = makeInput(facts.name, soon((typed) => this.tell({ what: "name", name: typed })), { "aria-label": "Name of the dataset" });
    this.extent = make("span", { class: "vqw-note" });
    this.accept = makeButton("Import", "Bring these data into the project", () => {});
    this.accept.type = "submit";
    this.accept.classList.add("vqw-primary");
    line.append(make("span", { text: "Name" }), name, this.accept, this.extent);
    return line;
  }

  recipe(told) {
    const wanted = { ...told };
    delete wanted.choices;
    const put = (name, value) => {
      wanted[name] = value;
      this.tell({ what: "recipe", recipe: wanted });
    };
    const form = make("div", { class: "vqw-fields" });
    for (const [name, text] of STEPS) form.append(labelled(text, makeSelect(told.choices[name], told[name], (value) => put(name, value))));
    for (const [name, text, max] of NUMBERS) {
      const changed = soon((value) => put(name, Math.round(Number(value)) || 0));
      form.append(labelled(text, makeInput(String(told[name]), changed, { type: "number", min: "0", max: String(max), step: "1" })));
    }
    for (const [name, text] of CHECKS) form.append(labelled(text, makeCheck(told[name], (value) => put(name, value))));
    this.rest = make("p", { class: "vqw-note" });
    form.append(this.rest);
    return form;
  }

  /** The table of columns, made anew where there are others, else brought up to date. */
  showColumns({ roles, rows, more }) {
    const key = JSON.stringify(rows.map(({ name }) => name));
    if (key !== this.columnsKey) {
      this.columnsKey = key;
      this.lines = rows.map((row) => this.line(row, roles));
      const head = make("tr");
      head.append(...HEADS.map((text) => make("th", { text, scope: "col" })));
      this.table.replaceChildren(head, ...this.lines.map(({ element }) => element));
    }
    rows.forEach((row, k) => this.lines[k].show(row));
    this.more.textContent = more ? `and ${more.toLocaleString("en-US")} more` : "";
  }

  line({ name }, roles) {
    const element = make("tr");
    const column = name;
    const cells = HEADS.map(() => make("td"));
    cells[0].textContent = name;
    const role = makeSelect(roles.map((one) => [one, one]), "", (chosen) => this.tell({ what: "role", column, role: chosen }));
    role.setAttribute("aria-label", `Role of ${name}`);
    const taken = makeInput("", () => {}, { "aria-label": `How ${name} becomes numbers` });
    taken.addEventListener("change", () => this.tell({ what: "encoding", column, words: taken.value }));
    const offered = suggestions(taken, []);
    const unit = makeInput("", () => {}, { "aria-label": `Unit of ${name}` });
    unit.addEventListener("change", () => this.tell({ what: "unit", column, words: unit.value }));
    cells[1].append(role);
    cells[6].append(taken, offered);
    cells[7].append(unit);
    element.append(...cells);
    const show = (row) => {
      role.value = row.role;
      element.classList.toggle("vqw-ignored", row.role === "ignore");
      taken.hidden = !row.encoding;
      if (document.activeElement !== taken) taken.value = row.encoding;
      offered.replaceChildren(...row.encodings.map((value) => make("option", { value })));
      if (document.activeElement !== unit) unit.value = row.unit;
      [cells[2].textContent, cells[3].textContent, cells[4].textContent] = [row.type, row.missing, row.range];
      cells[3].classList.toggle("vqw-warning", Boolean(row.missing));
      cells[5].replaceChildren(bars(row.counts));
    };
    return { element, show };
  }

  showRows({ heads, rows }) {
    this.firstFold.hidden = !rows.length;
    const line = (words, kind) => {
      const made = make("tr");
      made.append(...words.map((text) => make(kind, { text })));
      return made;
    };
    this.first.replaceChildren(line(heads, "th"), ...rows.map((row) => line(row, "td")));
  }

  showSheet(captions, sheet) {
    this.sheet.hidden = !sheet;
    if (sheet && sheet !== this.drawn) drawSheet(this.sheet, sheet);
    this.drawn = sheet;
    this.sheet.setAttribute("aria-label", `First pictures: ${captions.slice(0, 20).join(", ")}`);
  }

  focus() {
    this.path.focus();
  }
}

/** A small histogram. */
function bars(counts) {
  const top = Math.max(1, ...counts);
  const box = make("span", { class: "vqw-bars", "aria-hidden": "true" });
  box.append(...counts.map((count) => make("i", { style: `height: ${Math.round((18 * count) / top)}px` })));
  return box;
}

/** Pictures (k, h, w) or (k, h, w, 3) side by side, as bright as can be. */
function drawSheet(canvas, { values, shape: [n, h, w, channels = 1] }) {
  const scale = Math.max(1, Math.floor(44 / Math.max(h, w)));
  const across = Math.max(1, Math.floor(700 / (w * scale + 6)));
  const shown = Math.min(n, 3 * across);
  canvas.width = Math.min(shown, across) * (w * scale + 6);
  canvas.height = Math.ceil(shown / across) * (h * scale + 6);
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  let brightest = 1;
  for (const value of values) brightest = Math.max(brightest, value);
  const gain = brightest < 128 ? 255 / brightest : 1;
  for (let k = 0; k < shown; k += 1) {
    const image = new ImageData(w, h);
    for (let p = 0; p < h * w; p += 1) {
      for (let c = 0; c < 3; c += 1) image.data[4 * p + c] = gain * values[(k * h * w + p) * channels + (channels === 3 ? c : 0)];
      image.data[4 * p + 3] = 255;
    }
    const one = new OffscreenCanvas(w, h);
    one.getContext("2d").putImageData(image, 0, 0);
    context.drawImage(one, (k % across) * (w * scale + 6), Math.floor(k / across) * (h * scale + 6), w * scale, h * scale);
  }
}
