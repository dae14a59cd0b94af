// A project in a cell: what there is at the left; at the right the view in front, or the form to import or to train.

class DeskPicture extends Picture {
  constructor(received, model, el, host) {
    super(received, model, el);
    this.host = host;
  }

  build() {
    this.root.classList.add("vqw-desk");
    this.body.className = "vqw-grid";
    this.aside = make("nav", { class: "vqw-aside", "aria-label": "The project" });
    this.main = make("div", { class: "vqw-main" });
    this.body.append(this.aside, this.main);
    this.said_ = make("p", { class: "vqw-lines", role: "status" });
    this.buildAside();
    this.buildView();
    this.pages = { import: new ImportPage(this), run: new SetupPage(this) };
    this.main.append(this.said_, this.view, ...Object.values(this.pages).map(({ element }) => element));
  }

  buildAside() {
    const button = (text, tip, told) => makeButton(text, tip, () => this.say(told));
    this.importButton = button("Import…", "Bring a data file into the project", { kind: "page", page: "import" });
    this.runButton = button("New run…", "Train an engine on what is shown", { kind: "page", page: "run" });
    this.undo = button("Undo", "", { kind: "undo" });
    this.redo = button("Redo", "", { kind: "redo" });
    const line = make("div", { class: "vqw-line" });
    line.append(this.importButton, this.runButton);
    this.heading.append(this.undo, this.redo);
    this.list = new ThingList((id) => this.say({ kind: "select", id }));
    this.jobs = make("div", { class: "vqw-jobs" });
    this.aside.append(line, this.list.element, this.jobs);
  }

  buildView() {
    this.view = make("div", { class: "vqw-view" });
    this.nothing = make("p", { class: "vqw-note" });
    this.title = make("h3");
    this.about = make("span", { class: "vqw-name" });
    const rename = makeButton("Rename", "Give it another name", () => this.rename());
    const remove = makeButton("Delete", "Take it out of the project; undo brings it back", () => this.say({ kind: "delete" }));
    this.head = make("div", { class: "vqw-line vqw-head" });
    this.head.append(this.title, this.about, rename, remove);
    this.bar = new RunBar((what) => this.act(what));
    this.barLine = make("div", { class: "vqw-line vqw-bar" });
    this.barLine.append(...this.bar.elements);
    this.notices = make("p", { class: "vqw-warning vqw-lines" });
    this.details = make("details", { class: "vqw-fold" });
    this.facts_ = make("div", { class: "vqw-facts" });
    this.details.append(make("summary", { text: "Details" }), this.facts_);
    this.buildTest();
    this.tabs = new TabList((name) => this.say({ kind: "tab", name }));
    this.place = make("div", { class: "vqw-host", role: "tabpanel" });
    this.view.append(this.nothing, this.head, this.barLine, this.bar.alarm, this.notices);
    this.view.append(this.tabs.element, this.place, this.details, this.test);
  }

  buildTest() {
    this.test = make("details", { class: "vqw-fold", hidden: "" });
    this.testWords = make("p", { class: "vqw-note" });
    const show = makeButton("Show the test part", "Let views and figures show it from now on", () => this.say({ kind: "show_test" }));
    this.test.append(make("summary", { text: "Test part" }), this.testWords, show);
  }

  say(told, buffers) {
    this.received.tell(told, buffers);
  }

  dress() {
    super.dress();
    this.body.style.height = "";
  }

  draw(changed) {
    const { facts } = this;
    const has = (...names) => changed === null || names.some((name) => changed.has(name));
    this.root.classList.toggle("vqw-narrow", this.width < 720);
    if (has("things", "selected")) this.list.show(facts.things, facts.selected);
    if (has("history")) this.showHistory(facts.history);
    if (has("jobs")) this.showJobs(facts.jobs);
    if (has("said")) this.showSaid(...facts.said);
    if (has("page")) this.showPage(facts.page);
    this.runButton.disabled = !facts.things.length;
    if (facts.page === "view") this.showView(has);
    else if (facts.page === "import") this.pages.import.show(facts.import, this.arrays.sheet);
    else this.pages.run.show(facts.setup);
    if (has("pane")) this.showPane(facts.pane);
  }

  showHistory({ undo, redo }) {
    for (const [button, word, words] of [[this.undo, "Undo", undo], [this.redo, "Redo", redo]]) {
      button.disabled = !words;
      button.title = words ? `${word} ${words}` : `Nothing to ${word.toLowerCase()}`;
    }
  }

  showSaid(words, tone) {
    this.said_.textContent = words;
    this.said_.hidden = !words;
    this.said_.className = `vqw-lines ${tone === "bad" ? "vqw-alarm" : "vqw-note"}`;
  }

  showPage(page) {
    this.view.hidden = page !== "view";
    for (const [name, { element }] of Object.entries(this.pages)) element.hidden = name !== page;
    for (const [name, button] of [["import", this.importButton], ["run", this.runButton]]) {
      button.setAttribute("aria-pressed", String(name === page));
    }
    if (this.page && this.page !== page) this.pages[page]?.focus();
    this.page = page;
  }

  showJobs(jobs) {
    this.jobs.replaceChildren(...jobs.map(({ title, progress, status }, number) => {
      const line = make("div", { class: "vqw-job" });
      const bar = make("progress", { max: "1", "aria-label": title });
      if (progress !== null) bar.value = progress;
      const cancel = makeButton("Cancel", `Cancel: ${title}`, () => this.say({ kind: "cancel", number }));
      line.append(make("span", { text: status === "queued" ? `${title}, waiting` : title }), bar, cancel);
      return line;
    }));
  }

  showView(has) {
    const { facts } = this;
    const isThere = facts.selected !== "";
    this.nothing.hidden = isThere;
    this.nothing.textContent = facts.nothing;
    for (const part of [this.head, this.details, this.place]) part.hidden = !isThere;
    if (has("head", "page")) {
      this.title.textContent = facts.head.title;
      this.about.textContent = facts.head.about;
    }
    if (has("bar", "page")) {
      this.bar.tell(facts.bar);
      this.barLine.hidden = !facts.bar.status;
    }
    if (has("notices", "page")) this.notices.textContent = facts.notices.join("\n");
    if (has("details", "page")) this.showDetails(facts.details);
    if (has("tabs", "tab", "page")) this.tabs.show(facts.tabs, facts.tab);
    if (has("test", "page")) {
      this.test.hidden = !facts.test.words;
      this.testWords.textContent = facts.test.words ? `${facts.test.words} ${facts.test.before}` : "";
    }
  }

  showDetails(groups) {
    this.facts_.replaceChildren(...groups.map(([title, pairs]) => {
      const group = make("div");
      const list = make("dl");
      list.append(...pairs.flatMap(([name, text]) => [make("dt", { text: name }), make("dd", { text })]));
      group.append(make("h4", { text: title }), list);
      return group;
    }));
  }

  /** Put the widget of the view in front into its place; the one before leaves the page, and costs nothing. */
  async showPane(reference) {
    this.leaving?.abort();
    const leaving = (this.leaving = new AbortController());
    const place = make("div");
    this.place.replaceChildren(place);
    if (!reference) return;
    try {
      const widget = await this.host.getWidget(reference);
      if (!leaving.signal.aborted) await widget.render({ el: place, signal: leaving.signal });
    } catch (error) {
      if (!leaving.signal.aborted) place.textContent = `The view cannot be shown: ${error.message}`;
    }
  }

  rename() {
    const input = makeInput(this.facts.head.title, () => {}, { "aria-label": "New name" });
    const end = () => {
      input.replaceWith(this.title);
      this.title.parentElement.querySelector("button")?.focus();
    };
    input.addEventListener("keydown", (event) => {
      if (event.key === "Enter") this.say({ kind: "rename", name: input.value });
      if (event.key === "Enter" || event.key === "Escape") end();
      event.stopPropagation();
    });
    this.title.replaceWith(input);
    input.focus();
    input.select();
  }

  describe() {
    const { project, things, selected } = this.facts;
    const shown = things.find(({ id }) => id === selected);
    return `Project ${project}${shown ? `, ${shown.told}` : ""}`;
  }

  close() {
    this.leaving?.abort();
    super.close();
  }
}

/** The list of datasets and of the work on each; arrow keys go through it. */
class ThingList {
  constructor(chosen) {
    this.chosen = chosen;
    this.element = make("ul", { class: "vqw-things", role: "tree", "aria-label": "Datasets and runs" });
    this.lines = new Map();
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  show(things, selected) {
    const ids = things.map(({ id }) => id);
    if (ids.join() !== [...this.lines.keys()].join()) {
      const known = this.lines;
      this.lines = new Map(ids.map((id) => [id, known.get(id) ?? this.line(id)]));
      this.element.replaceChildren(...[...this.lines.values()].map(({ element }) => element));
    }
    for (const thing of things) this.tell(thing, thing.id === selected);
    const focused = ids.includes(selected) ? selected : ids[0];
    for (const [id, { element }] of this.lines) element.tabIndex = id === focused ? 0 : -1;
  }

  line(id) {
    const element = make("li", { role: "treeitem" });
    const [name, detail, bar] = [make("span", { class: "vqw-thing" }), make("span", { class: "vqw-detail" }), make("i")];
    element.append(name, detail, bar);
    element.addEventListener("click", () => this.chosen(id));
    return { element, name, detail, bar };
  }

  tell({ id, level, name, detail, told, tone, progress }, isSelected) {
    const line = this.lines.get(id);
    line.element.setAttribute("aria-level", level);
    line.element.setAttribute("aria-selected", String(isSelected));
    if (line.element.title !== told) {
      line.element.title = told;
      line.element.setAttribute("aria-label", told);
      line.name.textContent = name;
      line.detail.textContent = detail;
      line.detail.dataset.tone = tone;
    }
    line.bar.style.width = `${100 * (progress ?? 0)}%`;
  }

  key(event) {
    const items = [...this.element.children];
    const here = items.indexOf(document.activeElement);
    const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: items.length - 1 }[event.key];
    if (to !== undefined && items[to]) {
      items[to].focus();
      items[to].click();
    } else if (event.key === "Enter" || event.key === " ") document.activeElement.click();
    else return;
    event.preventDefault();
    event.stopPropagation();
  }
}

/** The tabs of the views; arrow keys go through them. */
class TabList {
  constructor(chosen) {
    this.chosen = chosen;
    this.element = make("div", { class: "vqw-tabs", role: "tablist", "aria-label": "Views" });
    this.element.addEventListener("keydown", (event) => this.key(event));
  }

  show(tabs, front) {
    const offered = JSON.stringify(tabs);
    if (offered !== this.offered) {
      this.offered = offered;
      this.element.replaceChildren(...tabs.map(([name, text]) => {
        const tab = make("button", { type: "button", role: "tab", class: "vqw-tab", text, "data-name": name });
        tab.addEventListener("click", () => this.chosen(name));
        return tab;
      }));
    }
    for (const tab of this.element.children) {
      const isFront = tab.dataset.name === front;
      tab.setAttribute("aria-selected", String(isFront));
      tab.tabIndex = isFront ? 0 : -1;
    }
  }

  key(event) {
    const tabs = [...this.element.children];
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const to = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    to.focus();
    to.click();
    event.preventDefault();
    event.stopPropagation();
  }
}

export default widget(DeskPicture);
