"""What tests look for on a page, whichever it is."""

import io
import re
from collections import Counter
from typing import Any, NamedTuple

from PIL import Image
from playwright.sync_api import Page

SPILLED = """[...document.querySelectorAll('.figures dd')]
    .filter((one) => one.scrollWidth > one.clientWidth + 1).map((one) => one.innerText)"""


def fits(page: Page, *widths: int) -> None:
    """Make sure that nothing hangs over the edge of the screen, nor a number over its box, in each of some widths.

    A page whose words are there already may still wait for its style sheets, and is wider without them.
    """
    page.wait_for_load_state("load")
    for width in widths or (None,):
        if width is not None:
            page.set_viewport_size({"width": width, "height": 844})
        needed, there = page.evaluate("[document.documentElement.scrollWidth, innerWidth]")
        assert needed <= there, f"{page.url} is {needed} wide on a screen of {there}"
        assert page.evaluate(SPILLED) == [], page.url


# Each number's ink on its own paper, by WCAG 2.2; the nearest ancestor with a colour is the paper.
FAINT = """() => {
    const parts = (colour) => colour.match(/[0-9.]+/g).map(Number);
    const light = (colour) => parts(colour).slice(0, 3).map((part) => part / 255)
        .map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
        .reduce((sum, part, at) => sum + part * [0.2126, 0.7152, 0.0722][at], 0);
    const paper = (one) => { while (parts(getComputedStyle(one).backgroundColor)[3] === 0) one = one.parentElement;
        return getComputedStyle(one).backgroundColor; };
    return [...document.querySelectorAll('main :is(td, th, p, li, dt, dd, abbr, span, label, h1, h2)')].map((one) => {
        const [ink, under] = [light(getComputedStyle(one).color), light(paper(one))];
        return [(Math.max(ink, under) + 0.05) / (Math.min(ink, under) + 0.05), one.textContent];
    }).filter(([contrast]) => contrast < 7);
}"""


def faint(page: Page) -> list[Any]:
    """Return the words of a page that have less than 7:1 on their paper, each with its contrast (WCAG 2.2 AAA)."""
    page.wait_for_load_state("load")  # its colours may come later than its words
    return list(page.evaluate(FAINT))


class Lettering(NamedTuple):
    """A text in a drawing, and its contrast with what is drawn under it (WCAG 2.2), the worst place counting."""

    text: str
    contrast: float


LETTERED = """(all) => all.filter((one) => one.checkVisibility() && one.textContent.trim()).map((one) => {
    const box = one.getBoundingClientRect(), style = getComputedStyle(one);
    const haloed = style.paintOrder.startsWith("stroke") && parseFloat(style.strokeWidth) >= 3;
    one.style.visibility = "hidden";
    return [one.textContent.trim(), style.fill, haloed ? style.stroke : "",
        [box.left + scrollX, box.top + scrollY, box.right + scrollX, box.bottom + scrollY]];
})"""
SHARE = 0.1  # of the pixels under a text: a colour of which there is less is an edge


def lettering(page: Page) -> list[Lettering]:
    """Return every text in the drawings of a page; axe looks at none of them. The texts are hidden afterwards."""
    page.wait_for_load_state("load")
    before = _picture(page)
    found = page.locator("svg text").evaluate_all(LETTERED)
    after = _picture(page)
    told = []
    for text, fill, halo, box in found:
        place = tuple(map(round, box))
        under = [_colour(halo)] if halo else _under(before.crop(place), after.crop(place))
        told.append(Lettering(text, min(_contrast(_colour(fill), one) for one in under)))
    return told


def _picture(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB")


def _under(written: Image.Image, bare: Image.Image) -> list[tuple[int, ...]]:
    """Return the colours on which something was written, where it was."""
    pixels = zip(written.get_flattened_data(), bare.get_flattened_data(), strict=True)
    counted: Counter[Any] = Counter(under for over, under in pixels if over != under)
    return [colour for colour, count in counted.items() if count >= SHARE * counted.total()]


def _colour(css: str) -> tuple[int, ...]:
    return tuple(map(int, re.findall(r"\d+", css)[:3]))


def _contrast(one: tuple[int, ...], other: tuple[int, ...]) -> float:
    light, dark = sorted((_light(one), _light(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _light(colour: tuple[int, ...]) -> float:
    parts = (one / 255 for one in colour)
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in parts]
    return sum(weight * one for weight, one in zip((0.2126, 0.7152, 0.0722), linear, strict=True))
