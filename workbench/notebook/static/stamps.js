// Many marks put into the pixels of one image, which is a hundred times as fast as drawing each.

/** Of more rows, single marks are not to be seen: what counts is how many lie in a place. */
const MANY = 10000;

/** (s × s) cover of a marker of `size` pixels as offsets and strengths, made once. */
function stencilOf(marker, size) {
  const key = `${marker} ${size}`;
  if (!stencilOf.known.has(key)) {
    const side = 2 * Math.ceil(0.62 * size) + 1;
    const picture = new OffscreenCanvas(side, side);
    const context = picture.getContext("2d");
    context.beginPath();
    addMarker(context, marker, side / 2, side / 2, size / 2);
    context.fill();
    const { data } = context.getImageData(0, 0, side, side);
    const half = (side - 1) / 2;
    const cells = [];
    for (let k = 0; k < side * side; k += 1) {
      if (data[4 * k + 3] > 24) cells.push((k % side) - half, Math.floor(k / side) - half, data[4 * k + 3]);
    }
    stencilOf.known.set(key, Int16Array.from(cells));
  }
  return stencilOf.known.get(key);
}
stencilOf.known = new Map();

/** A colour as the lower three bytes of a pixel. */
function packed([red, green, blue]) {
  return red | (green << 8) | (blue << 16);
}

/** Put one stencil into the pixels, where it covers more than what is there. */
function put(pixels, width, height, x, y, stencil, colour, alpha) {
  for (let k = 0; k < stencil.length; k += 3) {
    const [column, row] = [x + stencil[k], y + stencil[k + 1]];
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const cover = (stencil[k + 2] * alpha) >> 8;
    const at = row * width + column;
    if (cover >= pixels[at] >>> 24) pixels[at] = ((cover << 24) | colour) >>> 0;
  }
}

/** The same, but the more there are in a place the stronger it is: of so many, single marks are not to be seen. */
function layer(pixels, width, height, x, y, stencil, colour, alpha) {
  for (let k = 0; k < stencil.length; k += 3) {
    const [column, row] = [x + stencil[k], y + stencil[k + 1]];
    if (column < 0 || row < 0 || column >= width || row >= height) continue;
    const at = row * width + column;
    const before = pixels[at] >>> 24;
    const cover = before + (((255 - before) * stencil[k + 2] * alpha) >> 16);
    pixels[at] = ((cover << 24) | colour) >>> 0;
  }
}
