"""The page of the package in a real browser: Debian's Chromium, driven by Playwright."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from pipelines.reconcile.package import PAGE, write_package
from tests.conftest import INSTALLED
from tests.unit.evidence import HOSTILE, evidence

DRIVER = "playwright>=1.50,<2"
LOOK = """
import json, re, sys
from playwright.sync_api import sync_playwright

LAYOUTS = {
    "wide": (1280, 900, "screen"),
    "narrow": (390, 844, "screen"),
    "print": (718, 1000, "print"),  # A4 less its margins
}
MEASURE = '''() => ({
    overflow: document.documentElement.scrollWidth - window.innerWidth,
    scrollers: [...document.querySelectorAll(".wide")]
        .filter(one => one.scrollWidth > one.clientWidth).length,
    hidden: [...document.querySelectorAll("h1, h2, td, th, p, dt, dd")]
        .filter(one => one.textContent.trim() && !one.checkVisibility()).length,
    headings: [...document.querySelectorAll("h2")].map(one => one.textContent),
    elements: [...new Set([...document.body.querySelectorAll("*")].map(one => one.localName))],
})'''

def looked_at(browser, address, width, height, media):
    noticed = {"requests": [], "console": [], "dialogs": []}
    page = browser.new_page(viewport={"width": width, "height": height})
    page.on("request", lambda one: noticed["requests"].append(one.url))
    page.on("console", lambda one: noticed["console"].append(one.text))
    page.on("pageerror", lambda one: noticed["console"].append(str(one)))
    page.on("dialog", lambda one: (noticed["dialogs"].append(one.message), one.dismiss()))
    page.emulate_media(media=media)
    page.goto(address)
    found = page.evaluate(MEASURE)
    found["text"] = page.inner_text("body")
    found["tables"] = [
        [row.inner_text().split("\\t") for row in table.query_selector_all("tbody tr")]
        for table in page.query_selector_all("table")
    ]
    if media == "print":
        found["pages"] = len(re.findall(rb"/Type /Page\\b", page.pdf(format="A4")))
    page.close()
    return found | noticed

with sync_playwright() as playwright:
    browser = playwright.chromium.launch(executable_path=sys.argv[1])
    print(json.dumps([
        {name: looked_at(browser, address, *layout) for name, layout in LAYOUTS.items()}
        for address in sys.argv[2:]
    ]))
    browser.close()
"""
CONTROL = """<!doctype html><title>-</title><link rel="icon" href="data:,">
<h2>Bad</h2><img src="http://127.0.0.1:9/x.png"><pre>{}</pre><p hidden>not shown</p>
<script>alert(1); console.error("wrong")</script>""".format("x" * 2_000)


def looked_at(folder: Path, chromium: str) -> list[dict[str, Any]]:
    """Return what the browser made of the page in each layout, and of one that is wrong in all."""
    write_package(folder / "package", evidence())
    (folder / "control.html").write_text(CONTROL, "utf-8")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet", "install"]
    driver = folder / "driver"
    subprocess.run([*pip, "--no-compile", "--target", str(driver), DRIVER], check=True)
    pages = [(folder / name).as_uri() for name in (f"package/{PAGE}", "control.html")]
    done = subprocess.run(
        [sys.executable, "-c", LOOK, chromium, *pages],
        check=True,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(driver)},
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


@pytest.mark.long
def test_page_in_a_browser(tmp_path: Path) -> None:
    """At 1280 and 390 px and in print the page shows verdict, differences, summary and sign-off,
    sends no request but that for itself, has no console error, and is nowhere wider than the
    window; hostile texts are shown as texts. A page that is wrong in each of these is found out.
    """
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip(f"chromium is not on this machine, {INSTALLED}")
    right, wrong = looked_at(tmp_path, chromium)
    assert [*right] == ["wide", "narrow", "print"]
    for seen in right.values():
        is_right(seen)
    for seen in wrong.values():
        is_wrong(seen)
    assert right["print"]["scrollers"] == 0, "a table is cut off on paper"
    assert right["print"]["pages"] >= 3, "summary and sign-off begin pages of their own"


def is_right(seen: dict[str, Any]) -> None:
    """Look at one layout of the page."""
    (request,) = seen["requests"]
    assert request.endswith(PAGE)
    assert (seen["console"], seen["dialogs"]) == ([], [])
    assert not {"script", "img", "iframe", "form"} & set(seen["elements"])
    assert (seen["overflow"], seen["hidden"]) == (0, 0)
    places = [seen["headings"].index(name) for name in ("Differences", "Summary", "Sign-off")]
    assert places == sorted(places)
    assert "11 open differences." in seen["text"]
    assert HOSTILE[0] in seen["text"]
    differences, summary, *_, sign_off = seen["tables"]
    assert (len(differences), len(summary)) == (11, 2)
    (money,) = [row for row in differences if "Smith" in row]
    assert money[2:5] == ["1.00", "1234.56", "(1233.56)"]
    assert [row[0] for row in sign_off] == ["Prepared by", "Reviewed by", "Approved by"]


def is_wrong(seen: dict[str, Any]) -> None:
    """See that each fault of the other page was noticed."""
    assert "http://127.0.0.1:9/x.png" in seen["requests"]
    assert "wrong" in seen["console"]
    assert seen["dialogs"] == ["1"]
    assert seen["overflow"] > 0
    assert seen["hidden"] == 1
