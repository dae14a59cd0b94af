// How people pick: what keys and clicks mean, and the button that lets go of what is picked.

const STEPS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** What a click or a key means with the keys that are held. */
function how(event) {
  if (event.altKey) return "not";
  const ctrl = event.ctrlKey || event.metaKey;
  return event.shiftKey && ctrl ? "and" : event.shiftKey || ctrl ? "or" : "replace";
}

/** Says in the heading what is picked, and lets go of it. */
class LetGo {
  constructor(picture) {
    this.element = makeButton("", "Let go of what is picked (Escape)", () => picture.clear());
    this.element.classList.add("vqw-picked");
    this.element.hidden = true;
    picture.heading.append(this.element);
  }

  tell(picked) {
    this.element.textContent = `✕ ${picked}`;
    this.element.hidden = !picked;
  }
}

/**
 * The number of what lies next in a direction.
 * @param {([number, number]|null)[]} places in pixels @param {number|null} from null for the first one
 */
function nextAlong(places, from, [dx, dy]) {
  if (!places.length) return null;
  const here = from === null ? null : places[from];
  if (!here) return 0;
  let [found, least] = [from, Infinity];
  places.forEach((place, k) => {
    if (!place || k === from) return;
    const [x, y] = [place[0] - here[0], place[1] - here[1]];
    const [along, aside] = [x * dx + y * dy, Math.abs(x * dy) + Math.abs(y * dx)];
    if (along > 0.5 && along + 2 * aside < least) [found, least] = [k, along + 2 * aside];
  });
  return found;
}
