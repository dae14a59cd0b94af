// The bar of a run: its buttons, how far it is, and why it was paused or failed.

const BUTTONS = [
  ["pause", "Pause", "Hold before the next step"],
  ["resume", "Resume", "Go on"],
  ["step", "Step", "Do one more step, and hold"],
  ["stop", "Stop", "End here, and keep what was learned"],
];

class RunBar {
  constructor(act) {
    this.words = make("span", { class: "vqw-words", role: "status" });
    this.progress = make("progress", { max: "1", "aria-label": "Progress" });
    this.group = make("span", { class: "vqw-group", role: "group", "aria-label": "The run" });
    this.alarm = make("p", { class: "vqw-alarm", role: "alert", hidden: "" });
    this.buttons = BUTTONS.map(([what, name, tip]) => {
      const button = makeButton(name, tip, () => act(what));
      this.group.append(button);
      return [what, button];
    });
  }

  get elements() {
    return [this.group, this.progress, this.words];
  }

  /** Show the facts that the kernel tells of a run; all is hidden where there is none. */
  tell({ can, words, progress, alarm, status }) {
    if (this.words.textContent !== words) this.words.textContent = words;
    for (const [what, button] of this.buttons) {
      button.disabled = !can.includes(what);
      if (what === "pause" || what === "resume") button.hidden = what === "pause" ? can.includes("resume") : !can.includes("resume");
    }
    this.group.hidden = !status;
    this.progress.hidden = progress === null;
    this.progress.value = progress ?? 0;
    if (this.alarm.textContent !== alarm) this.alarm.textContent = alarm;
    this.alarm.hidden = !alarm;
  }
}
