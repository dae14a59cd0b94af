// Colours of values: tables from the palette, pixels of many values, scales of colours, and ink that is read on them.

/** The 256 colours of a table, red, green and blue in turn; worked out once for each. */
function tableOf(colours, name) {
  const digits = colours[name];
  if (!tableOf.known.has(digits)) {
    const table = Uint8Array.from({ length: digits.length / 2 }, (_, k) => parseInt(digits.slice(2 * k, 2 * k + 2), 16));
    tableOf.known.set(digits, table);
  }
  return tableOf.known.get(digits);
}
tableOf.known = new Map();

/** Where a value lies between low (0) and high (1), no further than these. */
function shareOf(value, low, high) {
  return Math.min(1, Math.max(0, (value - low) / (high > low ? high - low : 1)));
}

/** The place of a share in a table, whose colours from `palest` on are used. */
function rankOf(share, palest = 0) {
  return 3 * Math.round(palest + share * (255 - palest));
}

/** "rgb(…)" of a share of a table; `none` where the share is not a number. */
function shade(table, share, none, palest = 0) {
  if (!Number.isFinite(share)) return none;
  const at = rankOf(share, palest);
  return `rgb(${table[at]}, ${table[at + 1]}, ${table[at + 2]})`;
}

/** A picture of values (h, w) in the colours of a table, one pixel each. */
function shadedPicture(values, width, height, low, high, table, none) {
  const image = new ImageData(width, height);
  const missing = rgbOf(none);
  for (let k = 0; k < width * height; k += 1) {
    const value = values[k];
    const at = Number.isFinite(value) ? rankOf(shareOf(value, low, high)) : -1;
    for (let c = 0; c < 3; c += 1) image.data[4 * k + c] = at < 0 ? missing[c] : table[at + c];
    image.data[4 * k + 3] = 255;
  }
  const picture = new OffscreenCanvas(width, height);
  picture.getContext("2d").putImageData(image, 0, 0);
  return picture;
}

/** Black or white, whichever reads better on a share of a table. */
function inkOn(table, share) {
  const at = rankOf(share);
  const light = 0.299 * table[at] + 0.587 * table[at + 1] + 0.114 * table[at + 2];
  return light > 140 ? "#101418" : "#FFFFFF";
}

/** A bar of a table's colours with words at its ends and, below it, what it tells. */
function drawScale(context, { x, y, w }, { low, high, words }, table, colours, palest = 0) {
  context.font = FONT;
  context.textBaseline = "middle";
  context.fillStyle = colours.muted;
  context.textAlign = "left";
  context.fillText(low, x, y + 6);
  context.textAlign = "right";
  context.fillText(high, x + w, y + 6);
  const from = x + context.measureText(low).width + 6;
  const to = x + w - context.measureText(high).width - 6;
  const gradient = context.createLinearGradient(from, 0, to, 0);
  for (let k = 0; k <= 32; k += 1) gradient.addColorStop(k / 32, shade(table, k / 32, "", palest));
  context.fillStyle = gradient;
  context.fillRect(from, y + 1, Math.max(0, to - from), 10);
  context.strokeStyle = colours.grid;
  context.lineWidth = 1;
  context.strokeRect(from + 0.5, y + 1.5, Math.max(0, to - from - 1), 9);
  context.fillStyle = colours.muted;
  context.textAlign = "center";
  context.textBaseline = "top";
  if (words) context.fillText(fitted(context, words, w), x + w / 2, y + 16);
}
