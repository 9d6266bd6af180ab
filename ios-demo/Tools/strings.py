#!/usr/bin/env python3
"""Makes the string catalogue and the keys of the iOS app from the strings of the Android app.

    python3 Tools/strings.py ../android-demo/app/src/main/res

It was run once, and is run again when the strings of the Android app change. `swift test` compares both."""

import json
import re
import sys
import xml.etree.ElementTree as xml
from pathlib import Path

here = Path(__file__).resolve().parent.parent


def read(file):
    """The comments and strings of a file, in order."""
    parser = xml.XMLParser(target=xml.TreeBuilder(insert_comments=True))
    for part in xml.parse(file, parser).getroot():
        if part.tag == "string":
            text = re.sub(r"\\(['\"@?\\])", r"\1", (part.text or "").replace("\\n", "\n"))
            yield part.get("name"), re.sub(r"%(\d+)\$s", r"%\1$@", text)
        elif part.tag is xml.Comment:
            yield None, part.text.strip()


def camel(name):
    first, *others = name.split("_")
    return first + "".join(part.capitalize() for part in others)


def wrapped(parts, before, after=""):
    """Parts with commas between them, in lines of at most 120 characters."""
    lines = [before]
    for part in parts:
        if len(lines[-1]) + len(part) > 116 and lines[-1] != before:
            lines[-1] = lines[-1].rstrip()
            lines.append(" " * (len(before) - len(before.lstrip()) + 4))
        lines[-1] += part + ", "
    return [*lines[:-1], lines[-1].rstrip(", ") + after] if parts else []


def main(resources):
    languages = {"en": resources / "values/strings.xml"}
    for folder in sorted(resources.glob("values-??")):
        languages[folder.name.split("-")[1]] = folder / "strings.xml"
    texts = {language: {k: v for k, v in read(file) if k} for language, file in languages.items()}

    catalogue = {"sourceLanguage": "en", "strings": {}, "version": "1.0"}
    for key in sorted(texts["en"]):
        catalogue["strings"][key] = {
            "extractionState": "manual",
            "localizations": {
                language: {"stringUnit": {"state": "translated", "value": words[key]}}
                for language, words in texts.items() if key in words
            },
        }
    file = here / "App/Localizable.xcstrings"
    file.write_text(json.dumps(catalogue, ensure_ascii=False, indent=2) + "\n")

    lines = ["/// The name of each of the app's words: its raw value is its key in the string catalogue.",
             "public enum TextKey: String, Equatable, Sendable, CaseIterable {"]
    places = {}
    cases = []
    for key, text in [*read(languages["en"]), (None, "")]:
        if not key:
            lines += wrapped(cases, "    case ")
            lines += ["", f"    // {text}"] if text else []
            cases = []
            continue
        cases.append(camel(key) + (f' = "{key}"' if "_" in key else ""))
        places.setdefault(len(set(re.findall(r"%\d", text))), []).append(camel(key))
    lines += ["", "    /// How many things are put into it.", "    public var places: Int {", "        switch self {"]
    for number in sorted(places, reverse=True):
        if number:
            lines += wrapped([f".{name}" for name in places[number]], "        case ", f": {number}")
    lines += ["        default: 0", "        }", "    }", "}"]
    (here / "Sources/FlashpaperDemoModel/TextKey.swift").write_text("\n".join(lines) + "\n")


main(Path(sys.argv[1]).resolve())
