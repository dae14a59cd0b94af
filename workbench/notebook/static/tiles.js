// Tiles: small pictures from one sheet of sprites, their pixels crisp, and the two lines of text under each.

const LINE = 16;
const TILE_TEXT = 2 * LINE + 6;

/** Pictures (n, h, w) or (n, h, w, 3) side by side on one canvas, made once for each array. */
class Sprites {
  constructor({ values, shape: [n, h, w, channels = 1] }) {
    Object.assign(this, { n, h, w });
    this.columns = Math.max(1, Math.ceil(Math.sqrt(n)));
    this.sheet = new OffscreenCanvas(this.columns * w, Math.max(1, Math.ceil(n / this.columns)) * h);
    const image = new ImageData(this.sheet.width, this.sheet.height);
    for (let k = 0; k < n; k += 1) {
      const [left, top] = this.corner(k);
      for (let p = 0; p < h * w; p += 1) {
        const to = 4 * ((top + Math.floor(p / w)) * this.sheet.width + left + (p % w));
        const from = (k * h * w + p) * channels;
        for (let c = 0; c < 3; c += 1) image.data[to + c] = values[from + (channels === 3 ? c : 0)];
        image.data[to + 3] = 255;
      }
    }
    this.sheet.getContext("2d").putImageData(image, 0, 0);
  }

  corner(k) {
    return [(k % this.columns) * this.w, Math.floor(k / this.columns) * this.h];
  }

  draw(context, k, x, y, width, height) {
    context.imageSmoothingEnabled = false;
    context.drawImage(this.sheet, ...this.corner(k), this.w, this.h, x, y, width, height);
  }
}

/** The largest size up to `room` at which each of `n` pixels becomes as many pixels of the screen, if there is one. */
function crispSize(n, room, ratio) {
  const each = Math.floor((room * ratio) / n);
  return each < 1 ? room : (each * n) / ratio;
}

/** A thin frame around a tile. */
function drawEdge(context, x, y, w, h, colour) {
  context.strokeStyle = colour;
  context.lineWidth = 1;
  context.strokeRect(x - 0.5, y - 0.5, w + 1, h + 1);
}

/** A name, with the marker of its class where it has one, and a caption below. */
function drawCaption(context, x, y, w, { name, code = -1, caption }, colours) {
  let left = x;
  context.font = FONT;
  context.textAlign = "left";
  context.textBaseline = "middle";
  if (code >= 0) {
    const [colour, marker] = lookOf(colours, code);
    context.fillStyle = colour;
    context.beginPath();
    addMarker(context, marker, x + 6, y + LINE / 2 + 2, 4.5);
    context.fill();
    left += 15;
  }
  context.fillStyle = colours.text;
  context.fillText(fitted(context, name, x + w - left), left, y + LINE / 2 + 3);
  context.fillStyle = colours.muted;
  context.fillText(fitted(context, caption, w), x, y + 1.5 * LINE + 3);
}

/** A curve of values between 0 and 1 over the whole of a box. */
function drawCurve(context, values, { x, y, w, h }, colour, width = 1.2) {
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.lineJoin = "round";
  context.beginPath();
  const step = (w - 6) / Math.max(1, values.length - 1);
  for (let j = 0; j < values.length; j += 1) {
    const level = Number.isFinite(values[j]) ? Math.min(1, Math.max(0, values[j])) : 0;
    context[j ? "lineTo" : "moveTo"](x + 3 + j * step, y + h - 4 - level * (h - 8));
  }
  context.stroke();
}
