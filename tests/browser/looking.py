"""What tests look for on a page, whichever it is."""

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
