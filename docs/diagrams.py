"""The diagrams of the documentation as SVG files in docs/diagrams: `python docs/diagrams.py`."""

from __future__ import annotations

from html import escape
from pathlib import Path

FOLDER = Path(__file__).parent / "diagrams"

INK, SOFT, LINE = "#1f2937", "#6b7280", "#4b5563"
# L-updates are blue and H-updates orange, as in the window and the films.
FILL = {"plain": "#f3f4f6", "L": "#cfe3fb", "H": "#fde7c7", "shared": "#dcf2dd", "out": "#ece4fa"}
EDGE = {"plain": "#9ca3af", "L": "#2563eb", "H": "#d97706", "shared": "#15803d", "out": "#7c3aed"}


class Diagram:
    """Boxes, arrows and words on a white card, which both a light and a dark page can show."""

    def __init__(self, width: int, height: int, title: str):
        self.width, self.height, self.title = width, height, title
        self.parts: list[str] = []

    def box(self, x: int, y: int, width: int, height: int, *lines: str, kind: str = "plain") -> None:
        """Draw a box; its first line is bold, the others are small and grey."""
        self.card(x, y, width, height, FILL[kind], EDGE[kind])
        top = y + height / 2 - 9 * (len(lines) - 1) + 5
        for number, line in enumerate(lines):
            style = {"bold": True} if number == 0 else {"size": 12, "colour": SOFT}
            self.text(x + width // 2, round(top + 18 * number), line, **style)

    def card(self, x: int, y: int, width: int, height: int, fill: str, edge: str) -> None:
        """Draw an empty box."""
        size = f'x="{x}" y="{y}" width="{width}" height="{height}" rx="8"'
        self.parts.append(f'<rect {size} fill="{fill}" stroke="{edge}" stroke-width="1.5"/>')

    def text(
        self, x: int, y: int, line: str, size: int = 15, colour: str = INK, bold: bool = False, anchor: str = "middle"
    ) -> None:
        """Write one line."""
        weight = ' font-weight="600"' if bold else ""
        style = f'font-size="{size}" fill="{colour}" text-anchor="{anchor}"{weight}'
        self.parts.append(f'<text x="{x}" y="{y}" {style}>{escape(line)}</text>')

    def arrow(self, *points: tuple[int, int], colour: str = LINE, dashed: bool = False) -> None:
        """Draw an arrow along points."""
        path = " ".join(f"{'L' if number else 'M'}{x} {y}" for number, (x, y) in enumerate(points))
        dash = ' stroke-dasharray="5 4"' if dashed else ""
        self.parts.append(
            f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.8"{dash} marker-end="url(#head)"/>'
        )

    def svg(self) -> str:
        """Return the file's text."""
        head = (
            '<defs><marker id="head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" '
            f'orient="auto-start-reverse"><path d="M0 0L10 5L0 10z" fill="{LINE}"/></marker></defs>'
        )
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {self.width} {self.height}" role="img" '
                'font-family="system-ui, -apple-system, Segoe UI, Roboto, DejaVu Sans, sans-serif">',
                f"<title>{escape(self.title)}</title>",
                head,
                f'<rect width="{self.width}" height="{self.height}" rx="12" fill="#ffffff"/>',
                *self.parts,
                "</svg>\n",
            ]
        )


def air_update() -> Diagram:
    """Draw one L-update and one H-update of AIR, and the program of an ACT step."""
    d = Diagram(860, 440, "AIR: an L-update adds the puzzle, an H-update does not; both use the same network f")
    for x, letter, other, puzzle in ((30, "L", "H", True), (450, "H", "L", False)):
        d.text(x + 190, 36, f"{letter}-update", size=17, bold=True)
        sources = [(f"z_{letter}", letter), (f"z_{other}", other)] + ([("x, the puzzle", "plain")] if puzzle else [])
        for number, (name, kind) in enumerate(sources):
            y, into = 62 + 58 * number, 133 + 8 * number
            d.box(x, y, 116, 42, name, kind=kind)
            d.arrow((x + 116, y + 21), (x + 152, y + 21), (x + 152, into), (x + 166, into))
        d.box(x + 166, 112, 42, 58, "+")
        d.arrow((x + 208, 141), (x + 232, 141))
        d.box(x + 232, 106, 58, 70, "f", kind="shared")
        d.arrow((x + 290, 141), (x + 314, 141))
        d.box(x + 314, 120, 64, 42, f"z_{letter}", kind=letter)
    d.text(430, 254, "f is the same Transformer, with the same weights, in both updates.", size=14, colour=SOFT)
    d.text(30, 306, "One ACT step", size=15, bold=True, anchor="start")
    for number, letter in enumerate("LLHLLH"):
        x = 160 + 62 * number
        d.box(x, 282, 40, 40, letter, kind=letter)
        d.arrow((x + 40, 302), (x + (62 if number < 5 else 72), 302))
    d.box(544, 268, 130, 68, "lm_head(z_H)", "the proposal", kind="out")
    d.box(700, 268, 130, 68, "q_head(z_H)", "halt, or think on", kind="out")
    d.arrow((674, 302), (700, 302))
    d.arrow((765, 336), (765, 384), (180, 384), (180, 322), dashed=True)
    d.text(470, 408, "next ACT step, from the same z_L and z_H, up to 16 times", size=13, colour=SOFT)
    return d


def data_way() -> Diagram:
    """Draw the way of a puzzle from a generator or a file to the screen."""
    d = Diagram(860, 390, "From a generator or a published file to training, evaluation, environments and the screen")
    d.box(30, 40, 170, 62, "Generator", "a seed decides everything")
    d.box(30, 140, 170, 62, "Published files", "text, CSV, NPY, the hub")
    d.box(250, 90, 170, 62, "Proof", "solved by the rules")
    d.box(470, 90, 170, 62, "HDF5 dataset", "train, validation, test", kind="shared")
    d.arrow((200, 71), (225, 71), (225, 112), (250, 112))
    d.arrow((200, 171), (225, 171), (225, 130), (250, 130))
    d.arrow((420, 121), (470, 121))
    d.box(690, 30, 140, 62, "Environments", "Gymnasium", kind="L")
    d.box(690, 150, 140, 62, "Training", "symmetry copies", kind="H")
    d.arrow((640, 112), (665, 112), (665, 70), (690, 70))
    d.arrow((640, 130), (665, 130), (665, 181), (690, 181))
    d.arrow((115, 40), (115, 18), (760, 18), (760, 30), dashed=True)
    d.text(300, 36, "without a file: a growing pool of generated puzzles", size=12, colour=SOFT, anchor="start")
    d.box(690, 270, 140, 62, "Checkpoint", "weights and config", kind="H")
    d.arrow((760, 212), (760, 270))
    d.box(470, 270, 170, 62, "Thoughts", "every update, decoded", kind="L")
    d.arrow((690, 301), (640, 301))
    d.arrow((555, 152), (555, 270))
    d.text(566, 216, "puzzle", size=12, colour=SOFT, anchor="start")
    d.box(250, 240, 170, 54, "Evaluation", "results, leaderboard", kind="out")
    d.box(250, 316, 170, 54, "Screen", "window, GIF, web page", kind="out")
    d.arrow((470, 292), (445, 292), (445, 267), (420, 267))
    d.arrow((470, 310), (445, 310), (445, 343), (420, 343))
    d.text(235, 272, "air-envs eval, analyze", size=13, colour=SOFT, anchor="end")
    d.text(235, 348, "air-envs watch, web", size=13, colour=SOFT, anchor="end")
    return d


def packages() -> Diagram:
    """Draw the three packages and the folders of agents, the lowest at the bottom."""
    d = Diagram(860, 560, "agents builds on air_envs, which builds on puzzles; lower folders never import higher ones")
    layers = (
        ("cli", "the air-envs command"),
        ("report", "pages of models and experiments"),
        ("analysis · web", "the paper's analyses; the page that thinks"),
        ("hub · figures · exporting · watching", "cards, charts, ONNX, the window"),
        ("training", "ACT, losses, optimizer, runs"),
        ("evaluation", "accuracy, search, records"),
        ("thinking", "AIRAgent, thoughts, updates as actions"),
        ("pretrained", "shipped models"),
        ("checkpoints", "folders, manifests, published layouts"),
        ("models · data", "AIR, HRM, TRM; batches"),
        ("config", "presets and variants, no torch"),
    )
    d.card(30, 30, 800, 388, "#fffaf2", EDGE["H"])
    d.text(52, 58, "agents", size=17, bold=True, anchor="start")
    d.text(52, 80, "torch", size=13, colour=SOFT, anchor="start")
    d.arrow((96, 110), (96, 392))
    for number, (name, what) in enumerate(layers):
        y = 42 + 34 * number
        d.card(180, y, 630, 28, FILL["H"], "#f0c48a")
        d.text(196, y + 19, name, size=14, bold=True, anchor="start")
        d.text(794, y + 19, what, size=13, colour=SOFT, anchor="end")
    d.text(110, 256, "imports", size=13, colour=SOFT, anchor="start")
    d.arrow((430, 418), (430, 438))
    for y, name, kind, what in (
        (438, "air_envs", "L", "Gymnasium environments, wrappers, drawing, play; no torch"),
        (504, "puzzles", "shared", "rules, solvers, generators, symmetries, HDF5 datasets; no environment"),
    ):
        d.card(30, y, 800, 42, FILL[kind], EDGE[kind])
        d.text(52, y + 27, name, size=17, bold=True, anchor="start")
        d.text(810, y + 27, what, size=13, colour=SOFT, anchor="end")
    d.arrow((430, 480), (430, 504))
    return d


def diagrams() -> dict[str, str]:
    """Return the text of every diagram, by file name."""
    return {f"{draw.__name__}.svg": draw().svg() for draw in (air_update, data_way, packages)}


def main() -> None:
    """Write all of them."""
    FOLDER.mkdir(exist_ok=True)
    for name, text in diagrams().items():
        (FOLDER / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
