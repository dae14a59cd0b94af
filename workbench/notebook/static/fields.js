// Fields of a form, as the kernel declares them: an editor each, and the sentence on what is wrong with its answer.

const SETTLED_TYPING = 200;  // milliseconds without another key

/** Calls `does` when nothing was typed for a moment. */
function soon(does) {
  let waiting;
  return (...values) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => does(...values), SETTLED_TYPING);
  };
}

let fieldCount = 0;

/** One field: label, editor, message. */
class Field {
  constructor(told, answered) {
    this.name = told.name;
    this.id = `vqw-field-${(fieldCount += 1)}`;
    this.element = make("div", { class: "vqw-field" });
    this.label = make("label", { for: this.id, text: told.title });
    this.label.title = `${told.name}: ${told.doc}. ${told.allowed}`;
    this.editor = this.makeEditor(told, answered);
    this.editor.id = this.id;
    this.editor.title = this.label.title;
    this.doc = make("span", { class: "vqw-doc", id: `${this.id}-doc`, text: told.doc });
    this.message = make("p", { class: "vqw-alarm", id: `${this.id}-why`, hidden: "" });
    this.editor.setAttribute("aria-describedby", `${this.doc.id} ${this.message.id}`);
    this.element.append(this.label, this.editor, this.doc, this.message);
  }

  makeEditor({ kind, choices, typed, shown, placeholder, low, high }, answered) {
    if (kind === "check") return makeCheck(shown, answered);
    if (kind === "choice" && !typed) return makeSelect(choices.map((text) => [text, text]), shown, answered);
    const editor = makeInput(String(shown), soon(answered), kind === "whole" ? { type: "number", step: "1" } : {});
    if (kind === "whole" && low !== null) editor.min = low;
    if (kind === "whole" && high !== null) editor.max = high;
    editor.placeholder = placeholder;
    if (kind === "choice") this.element.append(suggestions(editor, choices));
    return editor;
  }

  tell(problem) {
    this.message.textContent = problem;
    this.message.hidden = !problem;
    this.editor.setAttribute("aria-invalid", String(Boolean(problem)));
  }
}

function makeInput(value, changed, attributes = {}) {
  const input = make("input", { type: "text", class: "vqw-input", spellcheck: "false", autocomplete: "off", ...attributes });
  input.value = value;
  input.addEventListener("input", () => changed(input.value));
  return input;
}

function makeCheck(checked, changed) {
  const input = make("input", { type: "checkbox" });
  input.checked = checked;
  input.addEventListener("change", () => changed(input.checked));
  return input;
}

function makeSelect(pairs, chosen, changed) {
  const select = make("select");
  select.append(...pairs.map(([value, text]) => make("option", { value, text })));
  select.value = chosen;
  select.addEventListener("change", () => changed(select.value));
  return select;
}

let suggestionCount = 0;

/** Words that an input offers beside what can be typed. */
function suggestions(input, words) {
  const list = make("datalist", { id: `vqw-words-${(suggestionCount += 1)}` });
  list.append(...words.map((value) => make("option", { value })));
  input.setAttribute("list", list.id);
  return list;
}

/** All fields of a form: the basic ones, and the advanced ones folded. */
class FieldForm {
  constructor(told, answered) {
    this.element = make("div", { class: "vqw-fields" });
    const fields = (list) => list.map((one) => new Field(one, (answer) => answered(one.name, answer)));
    const [basic, advanced] = [fields(told.basic), fields(told.advanced)];
    this.fields = [...basic, ...advanced];
    this.element.append(...basic.map((field) => field.element));
    if (!advanced.length) return;
    this.fold = make("details", { class: "vqw-fold" });
    this.fold.open = told.unfolded;
    const inside = make("div", { class: "vqw-fields" });
    inside.append(...advanced.map((field) => field.element));
    this.fold.append(make("summary", { text: `Advanced (${advanced.length})` }), inside);
    this.element.append(this.fold);
  }

  tell(problems) {
    for (const field of this.fields) field.tell(problems[field.name] ?? "");
  }
}

/** A labelled row of a form. */
function labelled(text, control) {
  const row = make("div", { class: "vqw-field" });
  const label = make("label", { text });
  if (!control.id) control.id = `vqw-field-${(fieldCount += 1)}`;
  label.htmlFor = control.id;
  row.append(label, control);
  return row;
}
