#!/usr/bin/env python3
"""Makes the pictures in docs/ of the pages that the test `drawings` writes.

    DRAWINGS=/tmp/pages swift test --filter drawings      # see README.md
    python3 Drawings/draw.py /tmp/pages

It needs of Debian: chromium-headless-shell, bootstrap-icons, qrencode, pngquant, fonts-inter, fonts-noto-core."""

import re
import subprocess
import sys
from html import unescape
from pathlib import Path

here = Path(__file__).resolve().parent
icons = Path("/usr/share/bootstrap-icons/svg")

# Apple's symbols are Apple's. These are like them.
LIKE = {
    "arrow.clockwise": "arrow-clockwise", "arrow.triangle.2.circlepath": "arrow-repeat", "arrow.up.circle.fill": "arrow-up-circle-fill",
    "arrow.uturn.backward": "arrow-counterclockwise", "checkmark": "check-lg", "chevron.backward": "chevron-left", "checkmark.circle": "check-circle",
    "checkmark.circle.fill": "check-circle-fill", "checkmark.shield.fill": "shield-fill-check", "clock": "clock",
    "clock.badge.exclamationmark": "clock-history", "doc.on.doc": "files", "dot.radiowaves.left.and.right": "broadcast",
    "ellipsis.circle": "three-dots", "exclamationmark.circle.fill": "exclamation-circle-fill",
    "exclamationmark.octagon.fill": "exclamation-octagon-fill", "exclamationmark.triangle.fill": "exclamation-triangle-fill",
    "eye": "eye", "flame.fill": "fire", "gearshape": "gear", "hand.raised.fill": "sign-stop-fill", "hourglass": "hourglass-split",
    "info.circle": "info-circle", "key.fill": "key-fill", "list.bullet": "list-ul", "list.number": "list-ol",
    "lock.circle": "person-lock", "lock.fill": "lock-fill", "lock.open": "unlock", "lock.slash": "x-square", "network": "globe",
    "nosign": "slash-circle", "person.badge.plus": "person-plus", "person.fill.questionmark": "question-circle-fill",
    "qrcode": "qr-code", "qrcode.viewfinder": "qr-code-scan", "server.rack": "hdd-rack", "square.and.arrow.up": "box-arrow-up",
    "trash": "trash", "wifi.slash": "wifi-off", "xmark": "x-lg",
}


def icon(match):
    return f">{(icons / (LIKE[match[1]] + '.svg')).read_text()}<"


def code(match):
    made = subprocess.run(["qrencode", "-t", "SVG", "--svg-path", "-o", "-", unescape(match[1])], capture_output=True, check=True)
    return ">" + re.sub(r"^.*?<svg", "<svg", made.stdout.decode(), flags=re.S) + "<"


def main(pages):
    docs = here.parent / "docs"
    docs.mkdir(exist_ok=True)
    css = (here / "ios.css").read_text()
    for page in sorted(pages.glob("*.html")):
        text = page.read_text()
        text = re.sub(r' data-symbol="([^"]*)"><', icon, text)
        text = re.sub(r' data-code="([^"]*)"><', code, text)
        text = re.sub(r' data-file="([^"]*)"><', r'><img src="data:image/png;base64,\1"><', text)
        whole = pages / "page.htm"
        whole.write_text(f"<!doctype html><meta charset=utf-8><style>{css}</style>{text}")
        width, height = re.search(r'data-size="(\d+) (\d+)"', text).groups()
        picture = docs / f"{page.stem}.png"
        subprocess.run(
            ["chromium-headless-shell", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--window-size={width},{height}",
             f"--screenshot={picture}", whole.as_uri()], check=True, capture_output=True)
        subprocess.run(["pngquant", "--force", "--ext", ".png", "64", picture], check=True)
        print(picture.name, picture.stat().st_size)


main(Path(sys.argv[1]).resolve())
