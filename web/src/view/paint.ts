/** Pieces that both kinds of board are painted with. */

/** What is used of a canvas's context. */
export type Brush = CanvasRenderingContext2D;

export const FONT =
  'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Liberation Sans", Arial, sans-serif';
/** Height of a capital letter or digit as a share of the font's size, near enough for these fonts. */
const CAPITAL = 0.72;

/** Write a word centred on a point, its capitals `height` pixels high. */
export function write(brush: Brush, word: string, height: number, weight: number, x: number, y: number): void {
  brush.font = `${weight} ${Math.max(4, height / CAPITAL)}px ${FONT}`;
  brush.textAlign = "center";
  brush.textBaseline = "alphabetic";
  brush.fillText(word, x, y + height / 2);
}

/** Faint diagonal lines inside a cell: it holds no value. */
export function hatch(brush: Brush, left: number, top: number, size: number, colour: string): void {
  const margin = size * 0.16;
  const spacing = Math.max(4, size / 5);
  brush.save();
  brush.beginPath();
  brush.rect(left + margin, top + margin, size - 2 * margin, size - 2 * margin);
  brush.clip();
  brush.strokeStyle = colour;
  brush.lineWidth = Math.max(0.7, spacing / 7);
  brush.beginPath();
  for (let offset = spacing / 2; offset < 2 * size; offset += spacing) {
    brush.moveTo(left + offset, top);
    brush.lineTo(left, top + offset);
  }
  brush.stroke();
  brush.restore();
}

/** The mark of a contradiction: a triangle in the upper right corner of a cell. */
export function flag(brush: Brush, left: number, top: number, size: number, colour: string): void {
  const reach = size * 0.34;
  brush.fillStyle = colour;
  brush.beginPath();
  brush.moveTo(left + size - reach, top);
  brush.lineTo(left + size, top);
  brush.lineTo(left + size, top + reach);
  brush.fill();
}

/** The border of the selected cell. */
export function ring(brush: Brush, left: number, top: number, size: number, thick: number, colour: string): void {
  brush.strokeStyle = colour;
  brush.lineWidth = thick;
  brush.strokeRect(left + thick / 2, top + thick / 2, size - thick, size - thick);
}
