"""The page of a report in a real browser: open from disk, scrub, hover, look. Starting Chromium takes some seconds."""

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from agents.report.run import Asked, write_run_report
from agents.thinking.player import Player
from air_envs.drawing.theme import DARK, LIGHT
from puzzles.dataset import Dataset
from tests.agents.thinking.test_player import arrays, thoughts_of
from tests.chromium import Page, browser

PLAYER = ".air-player"


@pytest.fixture(scope="module")
def report(run: Path, dataset: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    asked = Asked(what=["freeze"], puzzles=4, analysed=2, rollouts=2, device="cpu")
    return write_run_report(str(run), tmp_path_factory.mktemp("report") / "report.html", Dataset(dataset), asked)


@pytest.fixture(scope="module")
def chrome() -> Iterator[Page]:
    with browser() as page:
        yield page


@pytest.fixture
def page(chrome: Page, report: Path) -> Page:
    chrome.size(1100, 900)
    chrome.open(report)
    return chrome


def state(page: Page, name: str) -> str:
    return page.run(f"document.querySelector('{PLAYER}').dataset.{name}")


def status(page: Page) -> str:
    return page.run(f"document.querySelector('{PLAYER} .status').textContent")


def test_the_page_opens_from_disk_without_a_network(page: Page, report: Path) -> None:
    assert set(page.requests) <= {report.resolve().as_uri(), "about:blank"}
    assert page.errors == []
    assert page.run("document.querySelectorAll('.air-player .board').length") == 4


def test_keys_and_mouse_scrub_through_the_updates(page: Page) -> None:
    assert state(page, "frame") == "0"
    assert status(page).startswith("Update 1 · ACT step 1 · L updates z_L")
    page.run(f"document.querySelector('{PLAYER}').focus()")
    for key, frame in (("ArrowRight", "1"), (".", "2"), ("ArrowLeft", "1"), (",", "0"), ("End", "23"), ("Home", "0")):
        page.press(key)
        assert state(page, "frame") == frame, key
    page.press("End")
    assert status(page).startswith("Update 24 · ACT step 4 · H updates z_H")
    left, top, width, height = page.run(
        f"(() => {{ const b = document.querySelector('{PLAYER} .strip').getBoundingClientRect();"
        " return [b.x, b.y, b.width, b.height]; })()"
    )
    page.mouse("mousePressed", left + width * 3.5 / 24, top + height / 2, button="left", buttons=1, clickCount=1)
    assert state(page, "frame") == "3"
    page.mouse("mouseMoved", left + width * 10.5 / 24, top + height / 2, button="left", buttons=1)
    assert state(page, "frame") == "10"
    page.mouse("mouseReleased", left + width * 10.5 / 24, top + height / 2, button="left")


def test_only_a_digit_that_is_shown_is_in_conflict(page: Page) -> None:
    board = f"document.querySelector('{PLAYER} .board.of-H svg')"
    of_cells = f"[...{board}.querySelectorAll('.ground')].map((cell) => cell.classList.contains('conflict'))"
    digits = f"[...{board}.querySelectorAll('text.value')].map((text) => text.textContent !== '')"
    marked = 0
    for frame in range(24):
        page.run(f"document.querySelector('{PLAYER}').player.go({frame})")
        conflicts, shown = np.array(page.run(of_cells)), np.array(page.run(digits))
        assert conflicts.shape == shown.shape == (16,)
        assert not (conflicts & ~shown).any(), frame
        marked += conflicts.sum()
    assert marked > 0, "a model that has learned little breaks rules"


def test_it_plays_and_stops_at_the_end(page: Page) -> None:
    page.run(f"document.querySelector('{PLAYER}').player.go(21)")
    page.click(*page.middle(f"{PLAYER} button[aria-label=play]"))
    page.wait(f"document.querySelector('{PLAYER}').dataset.frame === '23'")
    page.wait(f"document.querySelector('{PLAYER} button[aria-label=play]') !== null")


def test_a_cell_under_the_mouse_shows_its_distribution_and_what_it_attends_to(page: Page, report: Path) -> None:
    page.run(f"document.querySelector('{PLAYER}').player.go(5)")
    box = page.run(
        f"(() => {{ const b = document.querySelector('{PLAYER} .board.of-H svg').getBoundingClientRect();"
        " return [b.x, b.y, b.width, b.height]; })()"
    )
    page.mouse("mouseMoved", box[0] + box[2] * 2.5 / 4, box[1] + box[3] * 1.5 / 4)
    assert state(page, "cell") == "6"
    assert page.run(f"document.querySelector('{PLAYER} .where').textContent").startswith("Row 2, column 3: ")
    inside = f"...document.querySelector('{PLAYER}').querySelectorAll"
    shares = page.run(f"[{inside}('.row .bar:last-child i')].map((bar) => parseFloat(bar.style.width))")
    first = re.search(r'<script type="application/json">(.*?)</script>', report.read_text(encoding="utf-8"), re.DOTALL)
    assert first
    data = json.loads(first[1])
    wanted = arrays(data)["probability"][data["frames"]["z_H"][5], 6] / 2.55
    assert shares[:-1] == pytest.approx(wanted.tolist(), abs=0.01)
    assert sum(shares) == pytest.approx(100, abs=1)
    for letter in "LH":
        weights = f"[{inside}('.heat.of-{letter} .weight')].map((weight) => Number(weight.style.opacity))"
        opacities = np.array(page.run(weights))
        assert opacities.shape == (16,)
        assert opacities.max() == pytest.approx(1)
        assert np.ptp(opacities) > 0
    page.mouse("mouseMoved", 2, 2)
    assert state(page, "cell") != "6", "the cell that was kept is shown again"
    page.click(box[0] + box[2] * 3.5 / 4, box[1] + box[3] * 0.5 / 4)
    page.mouse("mouseMoved", 2, 2)
    assert state(page, "cell") == "3"
    page.run(f"document.querySelector('{PLAYER} .board.of-L svg').focus()")
    page.press("ArrowDown")
    assert (state(page, "cell"), state(page, "frame")) == ("7", "5"), "arrows move in a board, not in time"


def test_tabs_show_one_rollout_at_a_time(page: Page) -> None:
    visible = "[...document.querySelectorAll('.players [role=tabpanel]')].map((panel) => !panel.hidden)"
    assert page.run(visible) == [True, False]
    page.click(*page.middle(".tabs button:nth-child(2)"))
    assert page.run(visible) == [False, True]
    assert (
        page.run("document.querySelectorAll('.air-player')[1].querySelector('svg').getBoundingClientRect().width") > 100
    )


def test_light_and_dark_have_the_colours_of_the_drawings(page: Page, report: Path) -> None:
    pictures = {}
    for theme in (LIGHT, DARK):
        page.size(1100, 900, dark=theme is DARK)
        page.open(report)
        picture = np.asarray(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        assert picture.shape == (900, 1100, 3)
        assert tuple(picture[2, 2]) == theme.page
        assert any((picture == colour).all(-1).any() for colour in (theme.accent_l, theme.accent_h))
        pictures[theme.name] = picture
    assert (pictures["light"] != pictures["dark"]).any(-1).mean() > 0.9


def test_a_telephone_scrolls_down_alone(page: Page, report: Path) -> None:
    page.size(375, 800, phone=True)
    page.open(report)
    wide, shown = page.run("[document.documentElement.scrollWidth, document.documentElement.clientWidth]")
    assert wide == shown == 375
    smallest = page.run(
        f"Math.min(...[...document.querySelectorAll('{PLAYER} button')].filter((b) => b.offsetParent)"
        ".map((b) => b.getBoundingClientRect().height))"
    )
    assert smallest >= 30


def test_notebooks_show_several_players(chrome: Page, tmp_path: Path) -> None:
    """Each with its own copy of style and script, as cells of a notebook have it."""
    shown = [Player(thoughts_of("untrained", 1), f"cell {number}")._repr_html_() for number in (1, 2)]
    path = tmp_path / "notebook.html"
    path.write_text("<!doctype html><meta charset=utf-8>" + "\n".join(shown), encoding="utf-8")
    chrome.errors.clear()
    chrome.open(path)
    titles = chrome.run("[...document.querySelectorAll('.air-player h3')].map((e) => e.textContent)")
    assert titles == ["cell 1", "cell 2"]
    assert chrome.errors == []
    assert not re.search("undefined|NaN", chrome.run("document.body.innerText"))
