// The page on which a run is set up: dataset, engine, its parameters, and what it is going to take.

class SetupPage {
  constructor(desk) {
    this.desk = desk;
    this.number = null;
    this.element = make("form", { class: "vqw-page", "aria-label": "New run" });
    this.dataset = makeSelect([], "", (dataset) => this.tell({ dataset }));
    this.engine = makeSelect([], "", (engine) => this.tell({ engine }));
    this.name = makeInput("", soon((name) => this.tell({ name })), { placeholder: "given automatically" });
    this.summary = make("p", { class: "vqw-note" });
    this.place = make("div");
    this.forecast = make("p", { class: "vqw-note", role: "status" });
    this.warnings = make("p", { class: "vqw-warning", role: "status" });
    this.refused = make("p", { class: "vqw-alarm", role: "alert" });
    this.start = makeButton("Start training", "Start the run with these parameters", () => {});
    this.start.type = "submit";
    this.start.classList.add("vqw-primary");
    const cancel = makeButton("Cancel", "Back to the views", () => desk.say({ kind: "page", page: "view" }));
    const buttons = make("div", { class: "vqw-buttons" });
    buttons.append(this.start, cancel);
    const top = make("div", { class: "vqw-fields" });
    top.append(labelled("Data", this.dataset), labelled("Engine", this.engine), labelled("Name", this.name));
    this.element.append(make("h3", { text: "New run" }), top, this.summary, this.place);
    this.element.append(this.forecast, this.warnings, this.refused, buttons);
    this.element.addEventListener("submit", (event) => {
      event.preventDefault();
      desk.say({ kind: "start" });
    });
  }

  tell(told) {
    this.desk.say({ kind: "setup", ...told });
  }

  show(facts) {
    if (!facts.engine) return;
    this.offer(facts);
    if (facts.fields === null) {
      this.number = null;
      this.place.replaceChildren(make("p", { class: "vqw-note", text: "Looking up the parameters…" }));
    } else if (facts.number !== this.number) {
      this.number = facts.number;
      this.form = new FieldForm(facts.fields, (parameter, answer) => this.tell({ parameter, answer }));
      this.place.replaceChildren(this.form.element);
      this.name.value = "";
    }
    if (facts.fields !== null) this.form.tell(facts.problems);
    this.summary.textContent = facts.summary;
    this.forecast.textContent = facts.forecast;
    this.warnings.textContent = facts.warnings.join("\n");
    this.refused.textContent = facts.refused;
    this.start.disabled = !facts.ready;
  }

  offer({ dataset, datasets, engine, families }) {
    const offered = JSON.stringify([datasets, families]);
    if (offered !== this.offered) {
      this.offered = offered;
      this.dataset.replaceChildren(...datasets.map(([value, text]) => make("option", { value, text })));
      this.engine.replaceChildren(...families.map(([label, engines]) => this.family(label, engines)));
    }
    if (document.activeElement !== this.dataset) this.dataset.value = dataset;
    this.engine.value = engine;
  }

  family(label, engines) {
    const group = make("optgroup", { label });
    for (const [value, title, lacking] of engines) {
      const option = make("option", { value, text: lacking ? `${title} (${lacking})` : title });
      option.disabled = Boolean(lacking);
      group.append(option);
    }
    return group;
  }

  focus() {
    this.engine.focus();
  }
}
